// What test runners said, as `{ passed, failed, skipped: titles }`.

/** From `cargo test`: a result line for each binary, and a line for each ignored test. */
export function cargoTotals(output) {
  const totals = { passed: 0, failed: 0, skipped: [] }
  for (const [, passed, failed] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)) {
    totals.passed += Number(passed)
    totals.failed += Number(failed)
  }
  for (const [, title] of output.matchAll(/^test (.+?) +\.\.\. ignored/gm)) totals.skipped.push(title)
  return totals
}

/** What the failed tests of `cargo test --no-fail-fast` printed, since the end of a long output is seldom the part that matters. */
export function cargoFailures(output) {
  const parts = [...output.matchAll(/^failures:\n\n[^]*?^test result: .*$/gm)].map(([text]) => text.slice(0, 8000))
  return parts.length === 0 ? output.slice(-8000) : parts.join('\n')
}

/** From TAP: `ok 1 - title`, `not ok 2 - title`, `ok 3 - title # SKIP`. */
export function tapTotals(output) {
  const totals = { passed: 0, failed: 0, skipped: [], failures: [] }
  for (const [, not, title, skip] of output.matchAll(/^(not )?ok \d+ - (.*?)(\s# SKIP.*)?$/gm)) {
    if (skip !== undefined) totals.skipped.push(title)
    else if (not === undefined) totals.passed += 1
    else totals.failed += 1
  }
  totals.failures = [...output.matchAll(/^not ok [^]*?(?=^(?:not )?ok |^1\.\.)/gm)].map(([text]) => text)
  return totals
}
