import type { CollectionInfo } from '../../engine/collection.js'
import type { Database } from '../../engine/database.js'
import { CanopyError } from '../../engine/error.js'
import type { Metadata } from '../../engine/types.js'
import type { Connections } from './connection.js'
import { storable } from './filter.js'
import type { Row } from './vectors.js'

/** What stands for the digest of a model that runs elsewhere, in the core and here. */
export const REMOTE_DIGEST = 'remote'

/** Columns of a collection as `Row` names them. */
export const ROW = 'id, name, dim, metric, storage, model_name as model, model_digest as digest, generation'

export async function readRow(connections: Connections, name: string): Promise<Row | undefined> {
  const [row] = await connections.rows<Row>({ name: 'collection', text: `select ${ROW} from collections where name = $1`, values: [storable(name)] })
  return row
}

export function infoOf({ name, dim, metric, model, digest }: Row, count: number, settings: Metadata): CollectionInfo {
  // The server's own index is the server's affair.
  return { name, count, index: null, vectors: dim === null || metric === null ? null : { dim, metric, model: model === null ? null : { name: model, digest: digest ?? '' } }, settings }
}

/** Vectors of texts; null for a text that the model knows no word of. Refuses to mix the vectors of two models. */
export async function embedWith(engine: Database, row: Pick<Row, 'name' | 'model' | 'dim' | 'digest'>, texts: readonly string[], signal: AbortSignal | undefined): Promise<Array<Float32Array | null>> {
  const { model, dim } = row
  if (model === null || dim === null) return texts.map(() => null)
  const matrix = await engine.embed(model, texts, { signal })
  const known = (await engine.models()).find(({ name }) => name === model)
  if (known !== undefined && known.digest !== row.digest) {
    throw new CanopyError('MODEL_MISMATCH', 'conflict', `collection ${JSON.stringify(row.name)} was embedded with ${model} (${row.digest?.slice(0, 12)}), but the model now is ${known.digest?.slice(0, 12)}; their vectors can't be compared: rebuild the collection`)
  }
  return texts.map((_, i) => {
    const vector = matrix.subarray(i * dim, (i + 1) * dim)
    return vector.some((value) => value !== 0) ? vector : null
  })
}

export function notFound(name: string): CanopyError {
  return new CanopyError('COLLECTION_NOT_FOUND', 'not_found', `no collection is named ${JSON.stringify(name)}: create it, or list the collections to see their names`)
}

export function noVectors(name: string): CanopyError {
  return new CanopyError('COLLECTION_NO_VECTORS', 'invalid_input', `collection ${JSON.stringify(name)} holds no vectors: create it with a model or a dimension`)
}
