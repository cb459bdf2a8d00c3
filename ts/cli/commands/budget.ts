import type { Command } from 'commander'
import { verifyAudit } from '../../budget/audit.js'
import type { PrivacyBudget } from '../../budget/budget.js'
import type * as Releases from '../../budget/release.js'
import { CanopyError } from '../../engine/error.js'
import type { AnyCollection } from '../../stores/any.js'
import { json, jsonObject, number } from '../input.js'
import { print, report } from '../output.js'
import { configuration, globals, withDatabase } from '../session.js'

interface Asked {
  tenant: string
  epsilon: string
  filter?: Record<string, never>
  mechanism?: 'laplace' | 'gaussian'
}

/** budget show, budget verify, private count, private histogram, private mean */
export function addCommands(root: Command): void {
  const budget = root.command('budget').description('budgets of differential privacy')

  budget
    .command('show [tenant]')
    .description('what a tenant has left, or every tenant')
    .action((tenant: string | undefined, _options: object, command: Command) =>
      withBudget(command, async (opened) => {
        const states = await Promise.all((tenant === undefined ? opened.tenants : [tenant]).map((name) => opened.state(name)))
        report(globals(command).json, states, () => states.map(({ tenant: name, remaining, epsilon, composition, windowMs }) => `${name}: ε = ${remaining} left of ${epsilon} in ${windowMs / 3_600_000} h (${composition})`))
      }),
    )

  budget
    .command('verify <file>')
    .description('check every line of an audit file')
    .option('--head <hash>', 'the last hash, as it was noted elsewhere: without it, lines missing at the end can’t be seen')
    .action(async (file: string, { head }: { head?: string }, command: Command) => {
      const found = await verifyAudit(file)
      if (head !== undefined && head !== found.head) throw new CanopyError('AUDIT_BROKEN', 'corrupt', `${file} ends with ${found.head}, not with ${head}: lines at its end are missing or were added`)
      report(globals(command).json, found, () => [`${found.lines} lines, unbroken; the last hash is ${found.head}`])
    })

  const asking = root.command('private').description('answers with noise, charged to the budget of a tenant')
  const question = (name: string, description: string): Command =>
    asking.command(`${name} <collection>`).description(description).requiredOption('--tenant <name>', 'whose budget is charged').requiredOption('--epsilon <ε>', 'how much of it').option('--filter <json>', 'conditions on metadata', jsonObject).option('--mechanism <name>', 'laplace or gaussian')

  question('count', 'the number of records').action((name: string, options: Asked, command: Command) =>
    ask(command, async ({ collection, budget: opened, releases }) => releases.privateCount(opened, await collection(name), options)),
  )
  question('histogram', 'how often values of a field occur')
    .requiredOption('--field <name>', 'a field of the metadata')
    .requiredOption('--bins <values>', 'the values to count: a JSON array', json)
    .action((name: string, options: Asked & { field: string; bins: string[] }, command: Command) => ask(command, async ({ collection, budget: opened, releases }) => releases.privateHistogram(opened, await collection(name), options)))
  question('mean', 'the mean of a field')
    .requiredOption('--field <name>', 'a field of the metadata')
    .requiredOption('--min <value>', 'values below count as this', number)
    .requiredOption('--max <value>', 'values above count as this', number)
    .action((name: string, options: Asked & { field: string; min: number; max: number }, command: Command) => ask(command, async ({ collection, budget: opened, releases }) => releases.privateMean(opened, await collection(name), options)))
}

async function withBudget(command: Command, work: (budget: PrivacyBudget) => Promise<void>): Promise<void> {
  const { openBudget } = await import('../../server/private.js')
  const budget = await openBudget(configuration(command).config)
  if (budget === undefined) throw new CanopyError('BUDGET_NONE', 'not_found', 'no tenant has a budget here: name tenants in budget.tenants')
  try {
    await work(budget)
  } finally {
    await budget.close()
  }
}

interface Asking {
  budget: PrivacyBudget
  collection: (name: string) => Promise<AnyCollection>
  releases: typeof Releases
}

async function ask(command: Command, work: (asking: Asking) => Promise<{ value: unknown; remaining: number; scale: number }>): Promise<void> {
  const releases = await import('../../budget/release.js')
  await withBudget(command, (budget) =>
    withDatabase(command, 'read', async ({ db, json: asJson }) => {
      const done = await work({ budget, collection: (name) => db.collection(name), releases })
      if (asJson) report(true, done, () => [])
      else print(typeof done.value === 'object' ? JSON.stringify(done.value) : String(done.value), `noise of scale ${done.scale}; ε = ${done.remaining} left`)
    }),
  )
}
