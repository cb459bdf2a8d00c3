// Generated from the server's OpenAPI description by `node scripts/client.mjs --write`. Not edited by hand.

/** What is sent and answered, by name. */
export interface Schemas {
  CollectionInfo: {
    name: string
    count: number
    vectors: {
      dim: number
      metric: 'cosine' | 'dot' | 'l2'
      model: {
        name: string
        digest: string
      } | null
    } | null
    index: {
      state: 'unloaded' | 'exact' | 'building' | 'ready' | 'rebuilding'
      /** Vectors in memory */
      vectors: number
      /** Vectors from which on a graph is built */
      exactBelow: number | null
      /** Changes that searches look at exactly until the graph has taken them in */
      pending: number
      done: number
      /** Vectors of a build under way */
      total: number
      /** Of the graph, beside the vectors */
      bytes: number
      fileBytes: number
      /** At 10, measured when it was built */
      recall: number | null
      /** Why the last build or save failed */
      error: string | null
    } | null
    settings: { [name: string]: unknown }
  }
  CollectionSpec: {
    name: string
    /** The embedding model; null for keywords and own vectors only */
    model?: string | null | undefined
    /** Numbers per vector where you bring them */
    dim?: number | undefined
    metric?: 'cosine' | 'dot' | 'l2' | undefined
  }
  /** What every failed request is answered with */
  Error: {
    /** Stable name of the error, for programs */
    code: string
    /** What was wrong, what was received, what to do; for people */
    message: string
    statusCode: number
    /** The same as in the log */
    requestId: string
  }
  Explanation: {
    /** The explained node first, then by falling diffusion */
    nodes: {
      id: string
      hop: number
      diffusion: number
    }[]
    edges: {
      source: string
      target: string
      weight: number
      similarity: number
    }[]
    /** For each node, how its attention is spread over its edges; shares sum to 1 */
    attn: {
      node: string
      targets: string[]
      shares: number[]
    }[]
    /** How much the answer changes without the edges that attention names, beside as many others */
    fidelity: {
      edges: [string, string][]
      change: number
      baseline: number
    }
    /** A drawing: SVG in Base64 */
    svg: string
  }
  /** Changes, all or none: removals first, then nodes, edges and hyperedges */
  GraphBatch: {
    nodes?: {
      /** A text or a whole number; 7 and "7" are one node */
      id: string | number
      attributes?: { [name: string]: unknown } | undefined
    }[] | undefined
    edges?: {
      /** A text or a whole number; 7 and "7" are one node */
      source: string | number
      /** A text or a whole number; 7 and "7" are one node */
      target: string | number
      weight?: number | undefined
      attributes?: { [name: string]: unknown } | undefined
    }[] | undefined
    hyperedges?: {
      /** A text or a whole number; 7 and "7" are one node */
      id: string | number
      members: (string | number)[]
      attributes?: { [name: string]: unknown } | undefined
    }[] | undefined
    remove?: {
      nodes?: (string | number)[] | undefined
      edges?: {
        /** A text or a whole number; 7 and "7" are one node */
        source: string | number
        /** A text or a whole number; 7 and "7" are one node */
        target: string | number
      }[] | undefined
      hyperedges?: (string | number)[] | undefined
    } | undefined
  }
  GraphSummary: {
    name: string
    directed: boolean
    nodes: number
    edges: number
    hyperedges: number
    /** Grows with every batch that changed something */
    version: number
    /** The collection that it follows */
    collection: string | null
  }
  ImportReport: {
    read: number
    inserted: number
    replaced: number
    skipped: number
    /** The first of the lines that were skipped, and why */
    errors: string[]
    resumed: boolean
    seconds: number
  }
  Job: {
    id: string
    kind: string
    /** The graph or index that it works on */
    graph: string
    state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
    done: number
    /** 0 while it is not known */
    total: number
    startedAt: string
    endedAt: string | null
    result: unknown
    error: {
      code: string
      message: string
    } | null
  }
  ModelInfo: {
    name: string
    state: 'unloaded' | 'loading' | 'loaded'
    /** Known once the model was loaded */
    dim: number | null
    digest: string | null
    fileBytes: number
    memoryBytes: number
  }
  NeighborAnswer: {
    /** Numbers of points in the order they were given */
    ids: number[][]
    /** Distances; angles in radians */
    distances: number[][]
    /** Ids of records, in an index of a collection */
    records?: string[][] | undefined
    /** How a residual search went */
    report?: { [name: string]: unknown } | undefined
  }
  NeighborBall: {
    /** Coordinates of each point */
    queries: number[][]
    radius: number
  }
  NeighborBuild: {
    /** Coordinates of each point */
    points?: number[][] | undefined
    /** Instead of points: the vectors of this collection; answers name its records */
    collection?: string | undefined
    /** Coordinates a point; needed where there is no point yet */
    dim?: number | undefined
    metric?: 'euclidean' | 'angular' | 'residual' | undefined
    seed?: number | undefined
    kernel?: Schemas['NeighborKernel'] | undefined
    /** Inducing points of a residual index; default 512 by k-means++ */
    inducing?: {
      count: number
      method?: 'kmeans' | 'random' | undefined
      seed?: number | undefined
    } | undefined
  }
  NeighborCount: {
    /** Neighbours asked for */
    k: number
    /** Residual: look at all pairs */
    exact?: boolean | undefined
    gate?: 'off' | 'lookup' | 'audit' | undefined
    /** Residual: queries held against all pairs */
    audit?: number | undefined
  }
  NeighborIds: {
    ids: number[]
  }
  NeighborIndexInfo: {
    name: string
    metric: 'euclidean' | 'angular' | 'residual'
    /** Points */
    length: number
    /** Ids ever given; points that were removed keep theirs */
    ids: number
    dim: number
    kernel: Schemas['NeighborKernel'] | null
    /** Whether answers name records */
    labelled: boolean
    fileBytes: number
    memoryBytes: number
  }
  NeighborKernel: {
    kind: 'matern12' | 'matern32' | 'matern52' | 'rbf'
    /** Above 0; default 1 */
    variance?: number | undefined
    /** One, or one for each coordinate; above 0 */
    lengthscale: number | number[]
  }
  NeighborPoints: {
    /** Coordinates of each point */
    points: number[][]
  }
  NeighborQuery: {
    /** Coordinates of each point */
    queries: number[][]
    /** Neighbours asked for */
    k: number
    /** Residual: look at all pairs */
    exact?: boolean | undefined
    gate?: 'off' | 'lookup' | 'audit' | undefined
    /** Residual: queries held against all pairs */
    audit?: number | undefined
  }
  PutOutcome: {
    id: string
    outcome: 'inserted' | 'replaced' | 'deleted' | 'not_found'
    /** Whether the record can be found by its vector */
    embedded: boolean
  }
  RebuildReport: {
    records: number
    embedded: number
    modelChanged: boolean
  }
  RecordBody: {
    text?: string | undefined
    /** Free fields; filters reach nested ones with dots */
    metadata?: { [name: string]: unknown } | undefined
    /** An embedding of your own; without it the model of the collection makes one */
    vector?: number[] | undefined
  }
  RecordInput: {
    /** Made up when absent */
    id?: string | undefined
    /** May be absent only beside a vector */
    text?: string | undefined
    /** Free fields; filters reach nested ones with dots */
    metadata?: { [name: string]: unknown } | undefined
    /** An embedding of your own; without it the model of the collection makes one */
    vector?: number[] | undefined
  }
  RecordPage: {
    records: Schemas['StoredRecord'][]
    /** Pass it as `after` for the next page */
    next: string | null
  }
  SearchAnswer: {
    hits: {
      id: string
      score: number
      scores?: {
        keyword?: number | undefined
        vector?: number | undefined
      } | undefined
      text?: string | undefined
      /** Free fields; filters reach nested ones with dots */
      metadata?: { [name: string]: unknown } | undefined
      vector?: number[] | undefined
      highlights?: {
        text: string
        /** Escaped, matches in <mark> */
        html: string
        /** Matches in UTF-16 code units of `text` */
        spans: [number, number][]
      }[] | undefined
    }[]
    mode: 'hybrid' | 'keyword' | 'vector'
    /** Why the answer may be less than was asked for */
    notes: string[]
    /** The offset of the next page */
    next: number | null
    tookMs: number
  }
  SearchRequest: {
    /** Any text is valid: no character is an operator */
    text?: string | undefined
    /** An embedding of your own; without it the model of the collection makes one */
    vector?: number[] | undefined
    mode?: 'hybrid' | 'keyword' | 'vector' | undefined
    fusion?: 'adaptive' | 'rrf' | undefined
    weights?: {
      keyword?: number | undefined
      vector?: number | undefined
    } | undefined
    rrfK?: number | undefined
    /** false: answer 503 MODEL_LOADING with Retry-After while the model loads */
    wait?: boolean | undefined
    limit?: number | undefined
    offset?: number | undefined
    /** Conditions on metadata, applied before the cut to `limit` */
    filter?: { [name: string]: unknown } | undefined
    /** Hits that score lower are left out */
    minScore?: number | undefined
    highlight?: boolean | {
      length?: number | undefined
      fragments?: number | undefined
    } | undefined
    /** What each hit carries */
    include?: ('text' | 'metadata' | 'vector' | 'scores')[] | undefined
  }
  Stats: {
    folder: string
    readOnly: boolean
    diskBytes: number
    embeddingCacheBytes: number
    collections: {
      name: string
      count: number
      loaded: boolean
      keywordBytes: number
      vectorBytes: number
      metadataBytes: number
      index: {
        state: 'unloaded' | 'exact' | 'building' | 'ready' | 'rebuilding'
        /** Vectors in memory */
        vectors: number
        /** Vectors from which on a graph is built */
        exactBelow: number | null
        /** Changes that searches look at exactly until the graph has taken them in */
        pending: number
        done: number
        /** Vectors of a build under way */
        total: number
        /** Of the graph, beside the vectors */
        bytes: number
        fileBytes: number
        /** At 10, measured when it was built */
        recall: number | null
        /** Why the last build or save failed */
        error: string | null
      } | null
    }[]
    models: Schemas['ModelInfo'][]
  }
  StoredRecord: {
    id: string
    text: string
    /** Free fields; filters reach nested ones with dots */
    metadata: { [name: string]: unknown }
    vector?: number[] | undefined
    createdMs: number
    updatedMs: number
  }
  VectorIndexInfo: {
    name: string
    idKind: string
    /** Whether all changes are on the disk */
    saved: boolean
    length: number
    dim: number
    metric: 'cosine' | 'dot' | 'l2'
    build: { [name: string]: unknown }
    /** Values of a vector that a walk looks at */
    walkDim: number
    /** Beside the vectors */
    graphBytes: number
    memoryBytes: number
    /** Whether it has grown so much that a new build would be better */
    stale: boolean
    /** Inverted lists over the vectors as they are, for the presets hybrid and lists; 0 without */
    lists: number
  }
  VectorMatches: {
    hits: {
      /** A string, or a whole number where the index has such ids */
      id: string | number
      /** Cosine, dot product, or minus the squared distance */
      score: number
    }[]
    tookMs: number
  }
}

/** What a refused request is answered with. */
type Refused = Answer<{ 'application/json': Schemas['Error'] }>

/** One answer: its content by media type. */
interface Answer<Content> {
  headers: { [name: string]: unknown }
  content: Content
}

/** What a route answers, and with which statuses it refuses. */
type Answers<Done, Statuses extends number> = Done & { [Status in Statuses]: Refused }

/** A place for parameters that takes none. */
interface Nothing {
  query?: never
  header?: never
  path?: never
  cookie?: never
}

/** Parameters in some places, and none in the others. */
type Given<Own> = Own & Omit<Nothing, keyof Own>

/** Every route, its parameters, bodies and answers. */
export interface paths {
  '/explain/{node}': {
    parameters: Nothing
    /** Explain a node: its neighbourhood, attention, and a drawing */
    get: {
      parameters: Given<{
        query?: {
          /** Needed where there is more than one */
          graph?: string | undefined
          hops?: number | undefined
          /** Most nodes */
          limit?: number | undefined
        } | undefined
        path: {
          /** Id of the node */
          node: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['Explanation']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/healthz': {
    parameters: Nothing
    /** The process is alive */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: {
        /** Done */
        200: Answer<{
          'application/json': {
            status: 'ok'
          }
        }>
      }
    }
  }
  '/metrics': {
    parameters: Nothing
    /** Metrics in the Prometheus text format */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: {
        /** Done */
        200: Answer<{
          'text/plain': string
        }>
      }
    }
  }
  '/readyz': {
    parameters: Nothing
    /** The database answers */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            status: 'ok'
          }
        }>
      }, 503>
    }
  }
  '/v1/audio/transcriptions': {
    parameters: Nothing
    /** Write a recording down */
    post: {
      parameters: Nothing
      requestBody: {
        content: {
          'multipart/form-data': FormData
        }
      }
      responses: Answers<{
        /** JSON, text, SRT or WebVTT as response_format says */
        200: Answer<{
          'application/json': unknown
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/ball': {
    parameters: Nothing
    /** Map, measure, average or recentre points of the Poincaré ball */
    post: {
      parameters: Nothing
      requestBody: {
        content: {
          'application/json': {
            map: 'exp0' | 'log0' | 'exp' | 'log' | 'add' | 'recentre' | 'distances' | 'mean'
            /** A row of coordinates a point, or a tangent */
            rows: number[][]
            /** For `exp`, `log`, `add` and `distances`: one for all rows, or one a row; for `recentre` the centre, the mean without one */
            bases?: number[][] | undefined
            /** For `mean` */
            weights?: number[] | undefined
            /** Curvature, below 0 */
            kappa?: number | undefined
            /** How far points are kept from the rim, in unit-ball coordinates */
            margin?: number | undefined
            precision?: 'f64' | 'f32' | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            rows: number[][]
          } | {
            distances: number[]
          } | {
            mean: {
              point: number[]
              variance: number
              iterations: number
              converged: boolean
            }
          }
        }>
      }, 400 | 401 | 403 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/budget': {
    parameters: Nothing
    /** What a tenant has left */
    get: {
      parameters: Given<{
        header?: {
          /** Whose budget is charged; bound to the API key */
          'x-tenant'?: string | undefined
          /** ε to spend on this answer */
          'x-epsilon'?: string | undefined
        } | undefined
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            tenant: string
            epsilon: number
            delta: number
            composition: string
            windowMs: number
            remaining: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections': {
    parameters: Nothing
    /** List collections */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            collections: Schemas['CollectionInfo'][]
          }
        }>
      }, 400 | 401 | 403 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Make a collection */
    post: {
      parameters: Nothing
      requestBody: {
        content: {
          'application/json': {
            name: string
            /** The embedding model; null for keywords and own vectors only */
            model?: string | null | undefined
            /** Numbers per vector where you bring them */
            dim?: number | undefined
            metric?: 'cosine' | 'dot' | 'l2' | undefined
          }
        }
      }
      responses: Answers<{
        /** Made */
        201: Answer<{
          'application/json': Schemas['CollectionInfo']
        }>
      }, 400 | 401 | 403 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}': {
    parameters: Nothing
    /** Describe a collection */
    get: {
      parameters: Given<{
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['CollectionInfo']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Delete a collection with its records */
    delete: {
      parameters: Given<{
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done; there is nothing to answer */
        204: { headers: { [name: string]: unknown }; content?: never }
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/import': {
    parameters: Nothing
    /** Import a stream of JSON lines or CSV; ids that exist are replaced */
    post: {
      parameters: Given<{
        query?: {
          textField?: string | undefined
          idField?: string | undefined
          /** What to do with a line that can’t be read */
          onError?: 'stop' | 'skip' | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/x-ndjson': unknown
          'application/jsonl': unknown
          'text/csv': unknown
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['ImportReport']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/ingest': {
    parameters: Nothing
    /** Accept records now and store them soon; ids that exist are replaced */
    post: {
      parameters: Given<{
        header?: {
          /** A repeated request with the same key and records is stored once */
          'idempotency-key'?: string | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': Schemas['RecordInput'][]
        }
      }
      responses: Answers<{
        /** Refused */
        202: Answer<{
          'application/json': {
            batch: number
            records: number
            /** The key was used before for the same: nothing was queued again */
            repeated: boolean
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/private/count': {
    parameters: Nothing
    /** The number of records, with noise */
    post: {
      parameters: Given<{
        header?: {
          /** Whose budget is charged; bound to the API key */
          'x-tenant'?: string | undefined
          /** ε to spend on this answer */
          'x-epsilon'?: string | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Conditions on metadata */
            filter?: { [name: string]: unknown } | undefined
            /** gaussian needs a tenant that counts zcdp or rdp */
            mechanism?: 'laplace' | 'gaussian' | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            value: number
            epsilon: number
            mechanism: 'laplace' | 'gaussian'
            /** Scale of the Laplace or deviation of the Gaussian */
            scale: number
            /** ε that is left, rounded down */
            remaining: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/private/histogram': {
    parameters: Nothing
    /** How often values of a field occur, with noise */
    post: {
      parameters: Given<{
        header?: {
          /** Whose budget is charged; bound to the API key */
          'x-tenant'?: string | undefined
          /** ε to spend on this answer */
          'x-epsilon'?: string | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Conditions on metadata */
            filter?: { [name: string]: unknown } | undefined
            /** gaussian needs a tenant that counts zcdp or rdp */
            mechanism?: 'laplace' | 'gaussian' | undefined
            /** A field of the metadata; dots reach nested ones */
            field: string
            /** The values to count: the caller names them, since which values occur is private too */
            bins: (string | number | boolean)[]
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            value: {
              bin: string | number | boolean
              count: number
            }[]
            epsilon: number
            mechanism: 'laplace' | 'gaussian'
            /** Scale of the Laplace or deviation of the Gaussian */
            scale: number
            /** ε that is left, rounded down */
            remaining: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/private/mean': {
    parameters: Nothing
    /** The mean of a field, with noise */
    post: {
      parameters: Given<{
        header?: {
          /** Whose budget is charged; bound to the API key */
          'x-tenant'?: string | undefined
          /** ε to spend on this answer */
          'x-epsilon'?: string | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Conditions on metadata */
            filter?: { [name: string]: unknown } | undefined
            /** gaussian needs a tenant that counts zcdp or rdp */
            mechanism?: 'laplace' | 'gaussian' | undefined
            /** A field of the metadata; dots reach nested ones */
            field: string
            /** Values below count as this */
            min: number
            /** Values above count as this */
            max: number
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            value: number
            epsilon: number
            mechanism: 'laplace' | 'gaussian'
            /** Scale of the Laplace or deviation of the Gaussian */
            scale: number
            /** ε that is left, rounded down */
            remaining: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/rebuild': {
    parameters: Nothing
    /** Build the indexes again, with another model if one is named */
    post: {
      parameters: Given<{
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Embed every record with this model from now on */
            model?: string | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['RebuildReport']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/records': {
    parameters: Nothing
    /** List records by page */
    get: {
      parameters: Given<{
        query?: {
          /** `next` of the page before */
          after?: string | undefined
          limit?: number | undefined
          /** Whether each record carries its vector */
          vectors?: boolean | undefined
          /** Conditions on metadata as a JSON object */
          filter?: string | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['RecordPage']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Write records, all or none */
    post: {
      parameters: Given<{
        query?: {
          mode?: 'insert' | 'upsert' | 'update' | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': Schemas['RecordInput'][]
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['PutOutcome'][]
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/records/{id}': {
    parameters: Nothing
    /** Read a record */
    get: {
      parameters: Given<{
        query?: {
          /** Whether the answer carries the vector */
          vector?: boolean | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
          /** Id of the record */
          id: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['StoredRecord']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Add or replace a record */
    put: {
      parameters: Given<{
        path: {
          /** Name of the collection */
          name: string
          /** Id of the record */
          id: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            text?: string | undefined
            /** Free fields; filters reach nested ones with dots */
            metadata?: { [name: string]: unknown } | undefined
            /** An embedding of your own; without it the model of the collection makes one */
            vector?: number[] | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['PutOutcome']
        }>
        /** Made */
        201: Answer<{
          'application/json': Schemas['PutOutcome']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
    /** Delete a record */
    delete: {
      parameters: Given<{
        path: {
          /** Name of the collection */
          name: string
          /** Id of the record */
          id: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done; there is nothing to answer */
        204: { headers: { [name: string]: unknown }; content?: never }
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/collections/{name}/records/{id}/similar': {
    parameters: Nothing
    /** Find records like this one */
    get: {
      parameters: Given<{
        query?: {
          limit?: number | undefined
          offset?: number | undefined
          /** Hits that score lower are left out */
          minScore?: number | undefined
          /** Conditions on metadata as a JSON object */
          filter?: string | undefined
          highlight?: boolean | undefined
          mode?: 'hybrid' | 'keyword' | 'vector' | undefined
        } | undefined
        path: {
          /** Name of the collection */
          name: string
          /** Id of the record */
          id: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['SearchAnswer']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/collections/{name}/search': {
    parameters: Nothing
    /** Find records by keywords, by meaning, or both */
    post: {
      parameters: Given<{
        path: {
          /** Name of the collection */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Any text is valid: no character is an operator */
            text?: string | undefined
            /** An embedding of your own; without it the model of the collection makes one */
            vector?: number[] | undefined
            mode?: 'hybrid' | 'keyword' | 'vector' | undefined
            fusion?: 'adaptive' | 'rrf' | undefined
            weights?: {
              keyword?: number | undefined
              vector?: number | undefined
            } | undefined
            rrfK?: number | undefined
            /** false: answer 503 MODEL_LOADING with Retry-After while the model loads */
            wait?: boolean | undefined
            limit?: number | undefined
            offset?: number | undefined
            /** Conditions on metadata, applied before the cut to `limit` */
            filter?: { [name: string]: unknown } | undefined
            /** Hits that score lower are left out */
            minScore?: number | undefined
            highlight?: boolean | {
              length?: number | undefined
              fragments?: number | undefined
            } | undefined
            /** What each hit carries */
            include?: ('text' | 'metadata' | 'vector' | 'scores')[] | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['SearchAnswer']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs': {
    parameters: Nothing
    /** List graphs */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            graphs: Schemas['GraphSummary'][]
          }
        }>
      }, 400 | 401 | 403 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Make a graph, empty or from a collection */
    post: {
      parameters: Nothing
      requestBody: {
        content: {
          'application/json': {
            name: string
            directed?: boolean | undefined
            /** Derive the graph from this collection and follow it: records are nodes, terms hyperedges, nearest neighbours edges */
            collection?: string | undefined
            /** Nearest neighbours a record */
            neighbours?: number | undefined
            /** Terms a record */
            terms?: number | undefined
            /** Characters of a chunk, 0 for none */
            chunk?: number | undefined
          }
        }
      }
      responses: Answers<{
        /** Made */
        201: Answer<{
          'application/json': Schemas['GraphSummary']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}': {
    parameters: Nothing
    /** Describe a graph */
    get: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['GraphSummary']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Delete a graph */
    delete: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done; there is nothing to answer */
        204: { headers: { [name: string]: unknown }; content?: never }
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}/batch': {
    parameters: Nothing
    /** Change nodes, edges and hyperedges, all or none */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': Schemas['GraphBatch']
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['GraphSummary']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}/corrections': {
    parameters: Nothing
    /** Move weights until the diagram is the wanted one */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** 0: components, 1: loops */
            dimension?: 0 | 1 | undefined
            /** The wanted diagram: bars, or that of a graph */
            to: {
              /** Bars: birth and death, null where one stays */
              bars: ([number | null, number | null])[]
            } | {
              graph: string
              /** Only what lies around this node */
              node?: string | undefined
              hops?: number | undefined
              limit?: number | undefined
            }
            /** A distance up to this is close enough; default 1e-6 */
            epsilon?: number | undefined
            order?: number | undefined
            iterations?: number | undefined
            /** Whether the new weights are written to the graph */
            apply?: boolean | undefined
          }
        }
      }
      responses: Answers<{
        /** Refused */
        202: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}/distances': {
    parameters: Nothing
    /** How far two diagrams are apart */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Only what lies around this node */
            node?: string | undefined
            hops?: number | undefined
            limit?: number | undefined
            /** 0: components, 1: loops */
            dimension?: 0 | 1 | undefined
            /** What it is compared with: bars, or a part of a graph */
            to: {
              /** Bars: birth and death, null where one stays */
              bars: ([number | null, number | null])[]
            } | {
              /** Default: the same graph */
              graph?: string | undefined
              /** Only what lies around this node */
              node?: string | undefined
              hops?: number | undefined
              limit?: number | undefined
            }
            kind?: 'bottleneck' | 'wasserstein' | 'sinkhorn' | undefined
            order?: number | undefined
            /** Strength of smoothing by `sinkhorn` */
            epsilon?: number | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            kind: string
            /** null where it is infinite */
            distance: number | null
            epsilon?: number | undefined
            massError?: number | undefined
            iterations?: number | undefined
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/edges': {
    parameters: Nothing
    /** List edges */
    get: {
      parameters: Given<{
        query?: {
          after?: string | undefined
          limit?: number | undefined
        } | undefined
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            items: {
              source: string
              target: string
              weight: number
              attributes: { [name: string]: unknown }
            }[]
            /** Pass it as `after` for the next page */
            next: string | null
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/embeddings': {
    parameters: Nothing
    /** Embed every node and write the vectors to a collection */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            method: 'graphwave'
            scales?: number[] | undefined
            points?: number | undefined
            maxT?: number | undefined
            tolerance?: number | undefined
            laplacian?: 'normalized' | 'combinatorial' | undefined
            exact?: boolean | undefined
            /** The collection that the vectors are written to; made where there is none */
            into: string
          } | {
            method: 'node2vec'
            p?: number | undefined
            q?: number | undefined
            walks?: number | undefined
            length?: number | undefined
            dim?: number | undefined
            window?: number | undefined
            negatives?: number | undefined
            epochs?: number | undefined
            learningRate?: number | undefined
            seed?: number | undefined
            /** The same bits for the same seed, on one thread */
            deterministic?: boolean | undefined
            /** The collection that the vectors are written to; made where there is none */
            into: string
          } | {
            method: 'poincare'
            /** Curvature, below 0 */
            kappa?: number | undefined
            dim?: number | undefined
            epochs?: number | undefined
            burnIn?: number | undefined
            negatives?: number | undefined
            learningRate?: number | undefined
            seed?: number | undefined
            /** The collection that the vectors are written to; made where there is none */
            into: string
          }
        }
      }
      responses: Answers<{
        /** Refused */
        202: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}/estimate': {
    parameters: Nothing
    /** What an embedding, suggestions, a search for p and q, or diagrams will take */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            method: 'graphwave'
            scales?: number[] | undefined
            points?: number | undefined
            maxT?: number | undefined
            tolerance?: number | undefined
            laplacian?: 'normalized' | 'combinatorial' | undefined
            exact?: boolean | undefined
          } | {
            method: 'node2vec'
            p?: number | undefined
            q?: number | undefined
            walks?: number | undefined
            length?: number | undefined
            dim?: number | undefined
            window?: number | undefined
            negatives?: number | undefined
            epochs?: number | undefined
            learningRate?: number | undefined
            seed?: number | undefined
            /** The same bits for the same seed, on one thread */
            deterministic?: boolean | undefined
          } | {
            method: 'poincare'
            /** Curvature, below 0 */
            kappa?: number | undefined
            dim?: number | undefined
            epochs?: number | undefined
            burnIn?: number | undefined
            negatives?: number | undefined
            learningRate?: number | undefined
            seed?: number | undefined
          } | {
            method: 'walks'
            p?: number | undefined
            q?: number | undefined
            walks?: number | undefined
            length?: number | undefined
            seed?: number | undefined
          } | {
            method: 'tune'
            /** Wall-clock limit, above 0; default 10 */
            maxMinutes?: number | undefined
            evaluations?: number | undefined
            patience?: number | undefined
            /** Share of the links held back, above 0, up to 0.5; default 0.1 */
            held?: number | undefined
            seed?: number | undefined
            node2vec?: {
              p?: number | undefined
              q?: number | undefined
              walks?: number | undefined
              length?: number | undefined
              dim?: number | undefined
              window?: number | undefined
              negatives?: number | undefined
              epochs?: number | undefined
              learningRate?: number | undefined
              seed?: number | undefined
              /** The same bits for the same seed, on one thread */
              deterministic?: boolean | undefined
            } | undefined
          } | {
            /** By common neighbours, or by common hyperedges */
            method: 'aa' | 'hyper_aa'
            top?: number | undefined
            minScore?: number | undefined
            /** Pass over hyperedges with more members */
            largest?: number | undefined
          } | {
            method: 'persistence'
          } | {
            method: 'layer'
            radius?: number | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            /** At the peak, the result included */
            bytes: number
            /** Steps, by which two runs of one kind can be compared */
            operations: number
            /** Within a factor of two or three */
            seconds: number
            /** Cores the seconds are for */
            threads: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/export': {
    parameters: Nothing
    /** A graph as JSON, CSV or GraphML, as `load` reads it */
    get: {
      parameters: Given<{
        query?: {
          format?: 'json' | 'csv' | 'graphml' | undefined
        } | undefined
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': unknown
          'text/csv; charset=utf-8': unknown
          'application/graphml+xml': unknown
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/hyperedges': {
    parameters: Nothing
    /** List hyperedges */
    get: {
      parameters: Given<{
        query?: {
          after?: string | undefined
          limit?: number | undefined
        } | undefined
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            items: {
              id: string
              members: string[]
              attributes: { [name: string]: unknown }
            }[]
            /** Pass it as `after` for the next page */
            next: string | null
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/ingest': {
    parameters: Nothing
    /** Accept nodes, edges and hyperedges now and store them soon; those that exist are replaced */
    post: {
      parameters: Given<{
        header?: {
          /** A repeated request with the same key and records is stored once */
          'idempotency-key'?: string | undefined
        } | undefined
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {}[]
        }
      }
      responses: Answers<{
        /** Refused */
        202: Answer<{
          'application/json': {
            batch: number
            records: number
            /** The key was used before for the same: nothing was queued again */
            repeated: boolean
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}/layer': {
    parameters: Nothing
    /** The diagram of a node’s neighbourhood, of the version that was followed last */
    get: {
      parameters: Given<{
        query: {
          node: string
          radius?: number | undefined
        }
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            dimensions: number[]
            births: number[]
            /** null where a bar stays */
            deaths: (number | null)[]
            version: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Compute the diagram of every node’s neighbourhood, or bring it to where the graph is now */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            radius?: number | undefined
          }
        }
      }
      responses: Answers<{
        /** Refused */
        202: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/load': {
    parameters: Nothing
    /** Load an edge list in CSV, GraphML or JSON */
    post: {
      parameters: Given<{
        query?: {
          delimiter?: string | undefined
          /** Whether the first line names the columns */
          header?: boolean | undefined
          /** What becomes of edges named more than once */
          parallel?: 'sum' | 'max' | 'last' | undefined
        } | undefined
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'text/csv': unknown
          'application/xml': unknown
          'application/graphml+xml': unknown
          'application/json': unknown
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['GraphSummary']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}/loops': {
    parameters: Nothing
    /** Every loop of the flag complex, with a cycle of edges around it */
    get: {
      parameters: Given<{
        query?: {
          /** Only what lies around this node */
          node?: string | undefined
          hops?: number | undefined
          limit?: number | undefined
        } | undefined
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            loops: {
              birth: number
              /** null where it stays */
              death: number | null
              /** Edges that run around it and are there at its birth */
              cycle: [string, string][]
            }[]
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/neighbourhood': {
    parameters: Nothing
    /** What lies around nodes */
    get: {
      parameters: Given<{
        query: {
          /** May be repeated */
          id: string[] | string
          hops?: number | undefined
          limit?: number | undefined
        }
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            nodes: {
              id: string
              attributes: { [name: string]: unknown }
              hop: number
            }[]
            edges: {
              source: string
              target: string
              weight: number
              attributes: { [name: string]: unknown }
            }[]
            truncated: boolean
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/nodes': {
    parameters: Nothing
    /** List nodes */
    get: {
      parameters: Given<{
        query?: {
          after?: string | undefined
          limit?: number | undefined
        } | undefined
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            items: {
              id: string
              attributes: { [name: string]: unknown }
            }[]
            /** Pass it as `after` for the next page */
            next: string | null
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/persistence': {
    parameters: Nothing
    /** Components and loops of the flag complex, by weight */
    get: {
      parameters: Given<{
        query?: {
          /** Only what lies around this node */
          node?: string | undefined
          hops?: number | undefined
          limit?: number | undefined
        } | undefined
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            dimensions: number[]
            births: number[]
            /** null where a bar stays */
            deaths: (number | null)[]
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/graphs/{name}/suggestions': {
    parameters: Nothing
    /** Read kept suggestions, best first */
    get: {
      parameters: Given<{
        query: {
          /** By common neighbours, or by common hyperedges */
          kind: 'aa' | 'hyper_aa'
          node?: string | undefined
          limit?: number | undefined
        }
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            suggestions: {
              source: string
              target: string
              score: number
            }[]
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Suggest links, and keep them */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** By common neighbours, or by common hyperedges */
            kind: 'aa' | 'hyper_aa'
            top?: number | undefined
            minScore?: number | undefined
            /** Pass over hyperedges with more members */
            largest?: number | undefined
          }
        }
      }
      responses: Answers<{
        /** Refused */
        202: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}/sync': {
    parameters: Nothing
    /** Bring a graph to where its collection is now */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Refused */
        202: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/graphs/{name}/tune': {
    parameters: Nothing
    /** Search for the p and q of Node2Vec */
    post: {
      parameters: Given<{
        path: {
          /** Name of the graph */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Wall-clock limit, above 0; default 10 */
            maxMinutes?: number | undefined
            evaluations?: number | undefined
            patience?: number | undefined
            /** Share of the links held back, above 0, up to 0.5; default 0.1 */
            held?: number | undefined
            seed?: number | undefined
            node2vec?: {
              p?: number | undefined
              q?: number | undefined
              walks?: number | undefined
              length?: number | undefined
              dim?: number | undefined
              window?: number | undefined
              negatives?: number | undefined
              epochs?: number | undefined
              learningRate?: number | undefined
              seed?: number | undefined
              /** The same bits for the same seed, on one thread */
              deterministic?: boolean | undefined
            } | undefined
          }
        }
      }
      responses: Answers<{
        /** Refused */
        202: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/indexes': {
    parameters: Nothing
    /** List vector indexes */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            indexes: string[]
          }
        }>
      }, 400 | 401 | 403 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Make an empty vector index */
    post: {
      parameters: Nothing
      requestBody: {
        content: {
          'application/json': {
            /** Name of the index */
            name: string
            dim: number
            metric?: 'cosine' | 'dot' | 'l2' | undefined
            /** Neighbours a node */
            degree?: number | undefined
            /** Candidates from which a new node’s neighbours are chosen */
            ef?: number | undefined
            storage?: 'auto' | 'f32' | 'f16' | undefined
            idKind?: 'string' | 'number' | undefined
          }
        }
      }
      responses: Answers<{
        /** Made */
        201: Answer<{
          'application/json': Schemas['VectorIndexInfo']
        }>
      }, 400 | 401 | 403 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/indexes/estimate': {
    parameters: Nothing
    /** What building a vector index will take */
    post: {
      parameters: Nothing
      requestBody: {
        content: {
          'application/json': {
            count: number
            dim: number
            metric?: 'cosine' | 'dot' | 'l2' | undefined
            /** Neighbours a node */
            degree?: number | undefined
            /** Candidates from which a new node’s neighbours are chosen */
            ef?: number | undefined
            storage?: 'auto' | 'f32' | 'f16' | undefined
          }
        }
      }
      responses: Answers<{
        /** Bytes of the index with its vectors, of these beside the vectors, in use during the build; seconds on so many cores */
        200: Answer<{
          'application/json': {
            bytes: number
            graphBytes: number
            buildBytes: number
            buildSeconds: number
            threads: number
          }
        }>
      }, 400 | 401 | 403 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/indexes/{name}': {
    parameters: Nothing
    /** Describe a vector index */
    get: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['VectorIndexInfo']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Delete a vector index */
    delete: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done; there is nothing to answer */
        204: { headers: { [name: string]: unknown }; content?: never }
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/indexes/{name}/autotune': {
    parameters: Nothing
    /** Find the fastest search that reaches a recall, and search so from now on */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            recall: number
            k?: number | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            options: {
              ef: number
              rerank: number
            }
            recall: number
            micros: number | null
            reached: boolean
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/indexes/{name}/prepare': {
    parameters: Nothing
    /** Build the lists that the presets hybrid and lists need; they are saved with the index */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** The lists, and the share of the true ten that the presets find */
        200: Answer<{
          'application/json': {
            lists: number
            bytes: number
            hybridRecall: number
            listsRecall: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/indexes/{name}/range': {
    parameters: Nothing
    /** Find all vectors that are near enough */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** An embedding of your own; without it the model of the collection makes one */
            vector: number[]
            /** The least score; under l2 minus the squared radius */
            least: number
            limit?: number | undefined
            /** Candidates of a walk: more find more and take longer; default the index’s own choice */
            ef?: number | undefined
            /** Candidates that are scored again exactly */
            rerank?: number | undefined
            /** Only these ids may be found */
            allow?: (string | number)[] | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['VectorMatches']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/indexes/{name}/remove': {
    parameters: Nothing
    /** Take vectors out */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            ids: (string | number)[]
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            /** Vectors */
            done: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/indexes/{name}/save': {
    parameters: Nothing
    /** Write a vector index to the disk */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['VectorIndexInfo']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/indexes/{name}/search': {
    parameters: Nothing
    /** Find the nearest vectors */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** An embedding of your own; without it the model of the collection makes one */
            vector: number[]
            k?: number | undefined
            /** Candidates of a walk: more find more and take longer; default the index’s own choice */
            ef?: number | undefined
            /** Candidates that are scored again exactly */
            rerank?: number | undefined
            /** graph walks and scores what it found exactly; exact scores all; hybrid and lists need `prepare`, which says what they find */
            preset?: 'graph' | 'exact' | 'hybrid' | 'lists' | undefined
            candidates?: number | undefined
            keep?: number | undefined
            probes?: number | undefined
            /** Only these ids may be found */
            allow?: (string | number)[] | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['VectorMatches']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/indexes/{name}/vectors': {
    parameters: Nothing
    /** Add or replace vectors */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            ids: (string | number)[]
            vectors: number[][]
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            /** Vectors */
            done: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/ingest': {
    parameters: Nothing
    /** How full the queue is */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            depth: number
            capacity: number
            dead: number
            breakers: { [name: string]: number }
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/ingest/dead': {
    parameters: Nothing
    /** List records that could not be stored, and why */
    get: {
      parameters: Given<{
        query?: {
          after?: number | undefined
          limit?: number | undefined
        } | undefined
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            letters: {
              id: number
              collection: string
              tenant: string
              code: string
              message: string
              atMs: number
              records: unknown[]
            }[]
            next: number | null
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/ingest/dead/discard': {
    parameters: Nothing
    /** Throw dead letters away */
    post: {
      parameters: Nothing
      requestBody: {
        content: {
          'application/json': {
            ids: number[]
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            records: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/ingest/dead/replay': {
    parameters: Nothing
    /** Queue dead letters again, all of them without ids */
    post: {
      parameters: Nothing
      requestBody: {
        content: {
          'application/json': {
            ids?: number[] | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            records: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/jobs': {
    parameters: Nothing
    /** List jobs, the newest first */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            jobs: Schemas['Job'][]
          }
        }>
      }, 400 | 401 | 403 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/jobs/{id}': {
    parameters: Nothing
    /** How far a job has come */
    get: {
      parameters: Given<{
        path: {
          /** Id of the job */
          id: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Cancel a job */
    delete: {
      parameters: Given<{
        path: {
          /** Id of the job */
          id: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/models': {
    parameters: Nothing
    /** The embedding models at hand */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            models: Schemas['ModelInfo'][]
          }
        }>
      }, 400 | 401 | 403 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/neighbors': {
    parameters: Nothing
    /** List indexes of neighbours */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            indexes: {
              name: string
              fileBytes: number
            }[]
          }
        }>
      }, 400 | 401 | 403 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/neighbors/{name}': {
    parameters: Nothing
    /** Describe an index of neighbours */
    get: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['NeighborIndexInfo']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
    /** Build an index of points, or of the vectors of a collection; one of this name is replaced */
    put: {
      parameters: Given<{
        query?: {
          /** Of a body of bytes: row-major little-endian numbers */
          type?: 'f32' | 'f64' | undefined
          /** Of a body of bytes: coordinates a point */
          dim?: number | undefined
          /** Of a body of bytes: the fields of the JSON body besides points, as JSON */
          options?: string | undefined
          /** Answer 202 with a job at once, not when it is done */
          job?: boolean | undefined
        } | undefined
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Coordinates of each point */
            points?: number[][] | undefined
            /** Instead of points: the vectors of this collection; answers name its records */
            collection?: string | undefined
            /** Coordinates a point; needed where there is no point yet */
            dim?: number | undefined
            metric?: 'euclidean' | 'angular' | 'residual' | undefined
            seed?: number | undefined
            kernel?: Schemas['NeighborKernel'] | undefined
            /** Inducing points of a residual index; default 512 by k-means++ */
            inducing?: {
              count: number
              method?: 'kmeans' | 'random' | undefined
              seed?: number | undefined
            } | undefined
          }
          'application/octet-stream': Uint8Array
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['NeighborIndexInfo']
        }>
        /** Refused */
        202: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
    /** Delete an index of neighbours */
    delete: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody?: never
      responses: Answers<{
        /** Done; there is nothing to answer */
        204: { headers: { [name: string]: unknown }; content?: never }
      }, 400 | 401 | 403 | 404 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/neighbors/{name}/all': {
    parameters: Nothing
    /** The k nearest other points of every point */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Neighbours asked for */
            k: number
            /** Residual: look at all pairs */
            exact?: boolean | undefined
            gate?: 'off' | 'lookup' | 'audit' | undefined
            /** Residual: queries held against all pairs */
            audit?: number | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['NeighborAnswer']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/neighbors/{name}/insert': {
    parameters: Nothing
    /** Add points; their ids follow those that were given before */
    post: {
      parameters: Given<{
        query?: {
          /** Of a body of bytes: row-major little-endian numbers */
          type?: 'f32' | 'f64' | undefined
          /** Of a body of bytes: coordinates a point */
          dim?: number | undefined
          /** Of a body of bytes: the fields of the JSON body besides points, as JSON */
          options?: string | undefined
        } | undefined
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Coordinates of each point */
            points: number[][]
          }
          'application/octet-stream': Uint8Array
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            first: number
            length: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/neighbors/{name}/knn': {
    parameters: Nothing
    /** The k nearest points of each query */
    post: {
      parameters: Given<{
        query?: {
          /** Of a body of bytes: row-major little-endian numbers */
          type?: 'f32' | 'f64' | undefined
          /** Of a body of bytes: coordinates a point */
          dim?: number | undefined
          /** Of a body of bytes: the fields of the JSON body besides points, as JSON */
          options?: string | undefined
        } | undefined
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Coordinates of each point */
            queries: number[][]
            /** Neighbours asked for */
            k: number
            /** Residual: look at all pairs */
            exact?: boolean | undefined
            gate?: 'off' | 'lookup' | 'audit' | undefined
            /** Residual: queries held against all pairs */
            audit?: number | undefined
          }
          'application/octet-stream': Uint8Array
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['NeighborAnswer']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/neighbors/{name}/predecessors': {
    parameters: Nothing
    /** For every point the k nearest that were given before it */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Neighbours asked for */
            k: number
            /** Residual: look at all pairs */
            exact?: boolean | undefined
            gate?: 'off' | 'lookup' | 'audit' | undefined
            /** Residual: queries held against all pairs */
            audit?: number | undefined
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['NeighborAnswer']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/neighbors/{name}/radius': {
    parameters: Nothing
    /** All points within a radius of each query */
    post: {
      parameters: Given<{
        query?: {
          /** Of a body of bytes: row-major little-endian numbers */
          type?: 'f32' | 'f64' | undefined
          /** Of a body of bytes: coordinates a point */
          dim?: number | undefined
          /** Of a body of bytes: the fields of the JSON body besides points, as JSON */
          options?: string | undefined
        } | undefined
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            /** Coordinates of each point */
            queries: number[][]
            radius: number
          }
          'application/octet-stream': Uint8Array
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['NeighborAnswer']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 409 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503>
    }
  }
  '/v1/neighbors/{name}/refresh': {
    parameters: Nothing
    /** Put another kernel in the place of the one of a residual index */
    post: {
      parameters: Given<{
        query?: {
          /** Answer 202 with a job at once, not when it is done */
          job?: boolean | undefined
        } | undefined
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            kind: 'matern12' | 'matern32' | 'matern52' | 'rbf'
            /** Above 0; default 1 */
            variance?: number | undefined
            /** One, or one for each coordinate; above 0 */
            lengthscale: number | number[]
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['NeighborIndexInfo']
        }>
        /** Refused */
        202: Answer<{
          'application/json': Schemas['Job']
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/neighbors/{name}/remove': {
    parameters: Nothing
    /** Take points away by their ids */
    post: {
      parameters: Given<{
        path: {
          /** Name of the index */
          name: string
        }
      }>
      requestBody: {
        content: {
          'application/json': {
            ids: number[]
          }
        }
      }
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': {
            length: number
          }
        }>
      }, 400 | 401 | 403 | 404 | 408 | 413 | 414 | 415 | 429 | 431 | 499 | 500 | 503 | 507>
    }
  }
  '/v1/stats': {
    parameters: Nothing
    /** Counts, disk and memory */
    get: {
      parameters: Nothing
      requestBody?: never
      responses: Answers<{
        /** Done */
        200: Answer<{
          'application/json': Schemas['Stats']
        }>
      }, 400 | 401 | 403 | 408 | 414 | 429 | 431 | 499 | 500 | 503>
    }
  }
}
