import { CanopyError } from '../../engine/error.js'

// Strings (also E'…' with backslashes and $tag$…$tag$), quoted names, comments (those in blocks may nest one deep here), the end of a statement.
const TOKEN = /[eE]'(?:\\[^]|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|\$([\p{L}_][\p{L}\p{N}_]*)?\$[^]*?\$\1\$|--[^\n]*|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*)|\/\*(?:[^*]|\*(?!\/))*\*\/)*\*\/|;|[^'"$\-/;eE]+|[^]/gu
/** The runner brings the transaction; these would end it, or refuse to be in one. */
const FORBIDDEN = /^(begin\s*$|begin\s+(?!atomic)|start\s+transaction|commit|end\s*$|rollback|abort|prepare\s+transaction|vacuum|reindex\b.*\bconcurrently|(create|drop)\s+(unique\s+)?index\s+concurrently|create\s+database|drop\s+database|alter\s+system)\b/i

/** The statements of a script, comments taken out. A semicolon in a string, a name, a body or a comment ends nothing. Throws MIGRATION_STATEMENT. */
export function statements(script: string, file: string): string[] {
  const found: string[] = ['']
  let atomic = false
  for (const [token] of script.matchAll(TOKEN)) {
    if (/\bbegin\s+atomic\b/i.test(found.at(-1) ?? '')) atomic = true
    if (token === ';' && !(atomic && !/\bend\s*$/i.test(found.at(-1) ?? ''))) {
      found.push('')
      atomic = false
    } else if (token.startsWith('--') || token.startsWith('/*')) found[found.length - 1] += ' '
    else found[found.length - 1] += token
  }
  const all = found.map((text) => text.trim()).filter((text) => text !== '')
  const refused = all.find((text) => FORBIDDEN.test(text))
  if (refused !== undefined) {
    throw new CanopyError('MIGRATION_STATEMENT', 'invalid_input', `${file}: "${(refused.split('\n', 1)[0] ?? '').slice(0, 80)}" can't stand in a migration, which is one transaction that the runner begins and ends: take it out, or run it by hand`)
  }
  return all
}
