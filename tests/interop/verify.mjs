// node verify.mjs CREDENTIAL.json RESOURCES.json
//
// Has a credential verified by Digital Bazaar's implementation and prints one line of JSON: {"verified": …, "errors": […]}.
// RESOURCES.json maps a URL to a file, relative to itself: contexts, DID documents under their https URL, status lists. Nothing is fetched.
// The exit code is 0 for either verdict; anything else means that no verdict was reached.

import {readFile} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {checkStatus as checkBitstring} from '@digitalbazaar/vc-bitstring-status-list';
import {verifyCredential} from '@digitalbazaar/vc';

const DID_CONTEXT = 'https://www.w3.org/ns/did/v1';
const MULTIKEY_CONTEXT = 'https://w3id.org/security/multikey/v1';
const REFUSING_PURPOSES = new Set(['revocation', 'suspension']);

const [, , credentialFile, resourcesFile] = process.argv;
if(!resourcesFile) {
  console.error('usage: node verify.mjs CREDENTIAL.json RESOURCES.json');
  process.exit(2);
}

const readJson = async file => JSON.parse(await readFile(file, 'utf8'));
const resources = await readJson(resourcesFile);
const credential = await readJson(credentialFile);

// did:key: the document follows from the identifier alone.
function keyDocument(did) {
  const multikey = did.slice('did:key:'.length);
  const method = {id: `${did}#${multikey}`, type: 'Multikey', controller: did, publicKeyMultibase: multikey};
  return {'@context': [DID_CONTEXT, MULTIKEY_CONTEXT], id: did, verificationMethod: [method], assertionMethod: [method.id]};
}

// did:web:host:path → https://host/path/did.json, and without a path the well-known place.
function webAddress(did) {
  const [host, ...path] = did.slice('did:web:'.length).split(':').map(decodeURIComponent);
  return `https://${host}/${path.length ? path.join('/') : '.well-known'}/did.json`;
}

async function readResource(url) {
  if(!(url in resources)) {
    throw new Error(`No resource was given for ${url}`);
  }
  return readJson(resolve(dirname(resourcesFile), resources[url]));
}

async function readController(id) {
  if(id.startsWith('did:key:')) {
    return keyDocument(id);
  }
  return readResource(id.startsWith('did:web:') ? webAddress(id) : id);
}

// Every address is answered by the file named for it; a fragment is the verification method of that id within its controller's document.
async function documentLoader(url) {
  const [controllerId, fragment] = url.split('#');
  if(fragment === undefined) {
    const document = url.startsWith('did:') ? await readController(url) : await readResource(url);
    return {contextUrl: null, documentUrl: url, document};
  }
  const {verificationMethod = []} = await readController(controllerId);
  const method = verificationMethod.find(({id}) => id === url || id === `#${fragment}`);
  if(!method) {
    throw new Error(`${controllerId} has no verification method ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: {'@context': MULTIKEY_CONTEXT, ...method}};
}

// The library reports what the bit says; that a set bit refuses the credential is left to its caller.
async function checkStatus(options) {
  const result = await checkBitstring({...options, verifyBitstringStatusListCredential: true, verifyMatchingIssuers: true});
  const set = (result.results ?? []).filter(({status, credentialStatus}) => status && REFUSING_PURPOSES.has(credentialStatus.statusPurpose));
  if(set.length) {
    return {...result, verified: false, error: new Error(`The status ${set[0].credentialStatus.statusPurpose} is set`)};
  }
  return result;
}

function messages(error) {
  if(!error) {
    return [];
  }
  const inner = Array.isArray(error.errors) ? error.errors.flatMap(messages) : [];
  return [`${error.name}: ${error.message}`, ...inner, ...messages(error.cause)];
}

const suite = new DataIntegrityProof({cryptosuite});
const result = await verifyCredential({credential, suite, documentLoader, checkStatus});
const errors = [...messages(result.error), ...messages(result.statusResult?.error)];
console.log(JSON.stringify({verified: result.verified === true, errors}));
