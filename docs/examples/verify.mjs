// Verifies a badge, in a browser as in Node (20 or newer): node verify.mjs SERVICE FILE [RECIPIENT]
// Exit codes: 0 rely on it, 1 do not, 3 not known yet, 2 the question was not answered.

/** Return the report on a badge: a Blob or File with JSON, a token, or a picture with the badge inside. */
export async function verify(service, file, recipient = "") {
  for (let left = 3; ; left -= 1) {
    const form = new FormData(); // the recipient stands in it and not in the address, so that no log has it
    form.set("file", file);
    form.set("recipient", recipient);
    const answer = await fetch(`${service}/verify`, { method: "POST", body: form, headers: { Accept: "application/json" } });
    if (answer.ok) return answer.json(); // every verdict is a 200
    if (![429, 503].includes(answer.status) || !left) throw new Error(`not answered: ${(await answer.json()).detail}`);
    await new Promise((done) => setTimeout(done, 1000 * Number(answer.headers.get("Retry-After") ?? 5)));
  }
}

/** Return 0 to rely on it, 1 to not, 3 where that is not known. */
export function decide(report) {
  if (report.outcome === "INVALID") return 1;
  if (report.outcome === "INDETERMINATE") return 3; // nothing is known against it: ask again later, or ask a person
  return report.issuer.identity === "known" ? 0 : 3; // good, but a person must say whether that issuer is trusted
}

if (globalThis.process?.argv[1]?.endsWith("verify.mjs")) {
  const { readFile } = await import("node:fs/promises");
  const [service, path, recipient] = process.argv.slice(2);
  try {
    const report = await verify(service, new Blob([await readFile(path)]), recipient);
    console.log(report.summary);
    process.exitCode = decide(report);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 2;
  }
}
