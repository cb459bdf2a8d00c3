import type { Command } from 'commander'
import type { Hit, SearchAnswer, SearchRequest } from '../../engine/types.js'
import { integer, jsonObject, number, textArgument, vector, weights } from '../input.js'
import { report } from '../output.js'
import { withDatabase } from '../session.js'

type Options = Pick<SearchRequest, 'mode' | 'limit' | 'offset' | 'filter' | 'fusion' | 'weights' | 'minScore'> & { vector?: number[] }

/** search, similar */
export function addCommands(root: Command): void {
  root
    .command('search <collection> [query...]')
    .description('find records by keywords, by meaning, or both; any text is a valid query')
    .option('-n, --limit <n>', 'hits', integer, 10)
    .option('--offset <n>', 'hits to skip', integer, 0)
    .option('--mode <mode>', 'hybrid, keyword or vector')
    .option('--fusion <kind>', 'adaptive or rrf')
    .option('--weights <keyword,vector>', 'what each leg counts for', weights)
    .option('--filter <json>', 'conditions on metadata, such as {"year":{"gte":2020}}', jsonObject)
    .option('--min-score <score>', 'leave out what scores lower', number)
    .option('--vector <numbers>', 'search with this vector', vector)
    .action((name: string, words: string[], { vector: query, ...options }: Options, command: Command) =>
      withDatabase(command, 'read', async ({ db, json, signal }) => {
        const text = words.length === 0 && query !== undefined ? undefined : await textArgument(words)
        const answer = await (await db.collection(name)).search({ ...options, text, vector: query, highlight: { length: 200, fragments: 1 } }, { signal })
        report(json, answer, () => show(answer))
      }),
    )

  root
    .command('similar <collection> <id>')
    .description('find records like this one')
    .option('-n, --limit <n>', 'hits', integer, 10)
    .option('--offset <n>', 'hits to skip', integer, 0)
    .option('--mode <mode>', 'vector or keyword')
    .option('--filter <json>', 'conditions on metadata', jsonObject)
    .option('--min-score <score>', 'leave out what scores lower', number)
    .action((name: string, id: string, { limit, offset, mode, filter, minScore }: Options, command: Command) =>
      withDatabase(command, 'read', async ({ db, json, signal }) => {
        const answer = await (await db.collection(name)).similar(id, { limit, offset, mode, filter, minScore }, { signal })
        report(json, answer, () => show(answer))
      }),
    )
}

/** An answer as lines for people. */
export function show({ hits, mode, notes, tookMs }: SearchAnswer): string[] {
  const count = hits.length === 0 ? 'nothing found' : `${hits.length} hit${hits.length === 1 ? '' : 's'}`
  return [...hits.flatMap(lines), `${count}, ${mode}, ${tookMs.toFixed(1)} ms`, ...notes.map((note) => `note: ${note}`)]
}

function lines(hit: Hit, index: number): string[] {
  const [fragment] = hit.highlights ?? []
  const parts = Object.entries(hit.scores ?? {}).map(([name, value]) => `${name} ${value.toFixed(3)}`)
  const text = fragment === undefined ? (hit.text ?? '').slice(0, 200) : emphasised(fragment)
  return [`${String(index + 1).padStart(2)}. ${text.replace(/\s+/g, ' ')}`, `    ${hit.id}  score ${hit.score.toFixed(3)}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`]
}

/** Matches in bold where the output is a terminal. */
function emphasised({ text, spans }: { text: string; spans: Array<[number, number]> }): string {
  if (!process.stdout.isTTY) return text
  let at = 0
  const parts = spans.map(([start, end]) => {
    const part = `${text.slice(at, start)}\u001B[1m${text.slice(start, end)}\u001B[22m`
    at = end
    return part
  })
  return parts.join('') + text.slice(at)
}
