// node scripts/rehearse-migrations.mjs: tries every migration on a Neo4j of its own, as `canopy migrate dry-run` does, then applies and undoes it. For CI.

import { at } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { main, Missing, step } from './lib/say.mjs'
import { down, up } from './services/index.mjs'

const ACTIONS = ['dry-run', 'up', 'validate', 'down', 'dry-run']

await main(async () => {
  const { neo4j } = await step('bringing up Neo4j', () => up(['neo4j']))
  if (neo4j.url === undefined) throw new Missing(neo4j.reason)
  // Undoing what somebody else applied is no rehearsal.
  if (neo4j.state !== 'started') throw new Missing('Neo4j runs already: this needs one of its own')
  try {
    for (const action of ACTIONS) await step(`migrate ${action}`, () => run(process.execPath, [at('dist', 'cli', 'main.js'), 'migrate', action, neo4j.url], { quiet: true }))
  } finally {
    await down(['neo4j'])
  }
})
