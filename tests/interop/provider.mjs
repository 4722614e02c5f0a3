// An OpenID provider that others wrote, for one test: everybody signs in under the name that they type, with any password.
// The first line that it prints is the URL that names it; it ends with its standard input.

import http from "node:http";
import Provider from "oidc-provider";

const { back, client, secret } = JSON.parse(process.argv[2]);
const server = http.createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [back] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["for one test"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id.replace("+new", "")}@example.org`, email_verified: !id.startsWith("unverified"), name: id }),
  }),
});
server.on("request", provider.callback());
process.stdin.on("end", () => process.exit()).resume();
console.log(issuer);
