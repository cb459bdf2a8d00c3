/** One statement of a Cypher script, and how it must be run. */
export interface CypherStatement {
  text: string
  /** Schema commands share no transaction with data; batched ones bring transactions of their own. */
  kind: 'data' | 'schema' | 'batched'
}

const TOKEN = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:``|[^`])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|;|[^'"`/;]+|\//g
const SCHEMA = /^(CREATE|DROP)\s+(OR\s+REPLACE\s+)?((RANGE|TEXT|POINT|LOOKUP|FULLTEXT|VECTOR)\s+)?(INDEX|CONSTRAINT)\b/i
const BATCHED = /\bIN\s+(\d+\s+)?(CONCURRENT\s+)?TRANSACTIONS\b/i

/** The statements of a script, comments taken out. A semicolon in a string, a name or a comment ends nothing. */
export function statements(script: string): CypherStatement[] {
  const found: string[] = ['']
  for (const [token] of script.matchAll(TOKEN)) {
    if (token === ';') found.push('')
    else if (token.startsWith('//') || token.startsWith('/*')) found[found.length - 1] += ' '
    else found[found.length - 1] += token
  }
  return found.map((text) => text.trim()).filter((text) => text !== '').map((text) => ({ text, kind: kind(text) }))
}

function kind(text: string): CypherStatement['kind'] {
  if (SCHEMA.test(text)) return 'schema'
  return BATCHED.test(bare(text)) ? 'batched' : 'data'
}

/** Without strings and quoted names, in which any word may stand. */
function bare(text: string): string {
  return text.replaceAll(TOKEN, (token) => (/^['"`]/.test(token) ? "''" : token))
}

/** Runs of statements that share a transaction, the others by themselves. */
export function steps(script: string): CypherStatement[][] {
  const groups: CypherStatement[][] = []
  for (const statement of statements(script)) {
    const last = groups.at(-1)
    if (last !== undefined && statement.kind === 'data' && last[0]?.kind === 'data') last.push(statement)
    else groups.push([statement])
  }
  return groups
}
