// node measure.mjs CONTEXTS.json
//
// Has Digital Bazaar's implementation sign or verify badges and says what that cost: the benchmarks ask it, one line of JSON for each of theirs.
//   {"do": "sign", "seed": hex, "controller": did, "method": url, "items": [{"badge": …, "created": time}]}  → "outcomes": [signed badge as text]
//   {"do": "verify", "now": time, "items": [signed badge as text]}                                          → "outcomes": [true or a reason]
// "microseconds" is the CPU time of this process over all items. CONTEXTS.json holds URL → context; nothing is fetched, and the status of a
// credential is taken as good without a look.

import {readFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {issue, verifyCredential} from '@digitalbazaar/vc';

const DID_CONTEXT = 'https://www.w3.org/ns/did/v1';
const MULTIKEY_CONTEXT = 'https://w3id.org/security/multikey/v1';

const contexts = JSON.parse(await readFile(process.argv[2], 'utf8'));

// The tag lets jsonld.js keep what it made of a context; without it, it would be slower.
const loaded = new Map(Object.entries(contexts).map(([url, document]) => [url, {contextUrl: null, documentUrl: url, document, tag: 'static'}]));

function method(did) {
  const multikey = did.slice('did:key:'.length);
  return {id: `${did}#${multikey}`, type: 'Multikey', controller: did, publicKeyMultibase: multikey};
}

async function documentLoader(url) {
  if(loaded.has(url)) {
    return loaded.get(url);
  }
  const [did, fragment] = url.split('#');
  if(!did.startsWith('did:key:')) {
    throw new Error(`Nothing is at hand for ${url}`);
  }
  const key = method(did);
  const controller = {'@context': [DID_CONTEXT, MULTIKEY_CONTEXT], id: did, verificationMethod: [key], assertionMethod: [key.id]};
  const document = fragment === undefined ? controller : {'@context': MULTIKEY_CONTEXT, ...key};
  return {contextUrl: null, documentUrl: url, document};
}

async function signer({seed, controller, method}) {
  const key = await Ed25519Multikey.generate({id: method, controller, seed: Uint8Array.from(Buffer.from(seed, 'hex'))});
  return key.signer();
}

async function sign({badge, created}, key) {
  const suite = new DataIntegrityProof({signer: key, date: created, cryptosuite});
  return JSON.stringify(await issue({credential: badge, suite, documentLoader}));
}

async function verify(body, now) {
  const suite = new DataIntegrityProof({cryptosuite});
  const checkStatus = async () => ({verified: true});
  const {verified, error} = await verifyCredential({credential: JSON.parse(body), suite, documentLoader, checkStatus, now});
  return verified ? true : String(error?.errors?.[0] ?? error);
}

for await (const line of createInterface({input: process.stdin})) {
  const request = JSON.parse(line);
  const key = request.do === 'sign' ? await signer(request) : null;
  const work = request.do === 'sign' ? item => sign(item, key) : item => verify(item, request.now);
  const outcomes = [];
  const began = process.cpuUsage();
  for(const item of request.items) {
    outcomes.push(await work(item));
  }
  const {user, system} = process.cpuUsage(began);
  console.log(JSON.stringify({microseconds: user + system, outcomes}));
}
