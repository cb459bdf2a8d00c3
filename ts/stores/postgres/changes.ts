import type { Statement } from './connection.js'

/** Writers of one collection meet in one row only where the numbers of their connections are equal by this. */
const SHARDS = 256

/**
 * The part of a statement that counts a change of a collection (an SQL expression) in the transaction that makes it, for each row of `source`.
 *
 * The sum of a collection's rows grows whenever a transaction that changed it becomes visible, and never otherwise: a sequence would be ahead
 * of its transaction, and one row for all would let writers wait for each other.
 */
export const counting = (collection: string, source = ''): string =>
  `insert into changes (collection, shard, n) select ${collection}, pg_backend_pid() % ${SHARDS}, 1 ${source} on conflict (collection, shard) do update set n = changes.n + 1`

/** What a collection is now: where it is, which it is, which model it has, and what was changed. */
export const versionOf = (name: string): Statement => ({
  name: 'version',
  text: `select concat_ws('.', i.id, c.id, c.generation, c.model_digest, (select sum(n) from changes where collection = c.id)) as version from collections c cross join identity i where c.name = $1`,
  values: [name],
})
