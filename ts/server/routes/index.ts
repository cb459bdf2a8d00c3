import type { FastifyInstance } from 'fastify'
import type { Context } from '../app.js'
import audio from './audio.js'
import ball from './ball.js'
import collection from './collection.js'
import collections from './collections.js'
import explain from './explain.js'
import graphData from './graph-data.js'
import graphTopology from './graph-topology.js'
import graphWork from './graph-work.js'
import graphs from './graphs.js'
import health from './health.js'
import importing from './import.js'
import indexes from './indexes.js'
import ingesting from './ingest.js'
import models from './models.js'
import neighbors from './neighbors.js'
import page from './page.js'
import privacy from './private.js'
import record from './record.js'
import records from './records.js'
import search from './search.js'

/** Every route. */
export default async function routes(app: FastifyInstance, context: Context): Promise<void> {
  for (const group of [health, page, models, collections, collection, records, record, search, importing, ingesting, audio, indexes, neighbors, privacy, graphs, graphData, graphTopology, graphWork, explain, ball]) await app.register(group, context)
}
