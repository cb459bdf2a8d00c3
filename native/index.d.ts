/* Interim copy of the types that the native build generates. */
export interface BindingError {
  code: string
  kind: string
  message: string
}
export declare const enum BindingPutMode {
  Insert = 'insert',
  Upsert = 'upsert',
  Update = 'update',
}
export declare class BindingCancel {
  constructor()
  cancel(): void
}
export declare class BindingDatabase {
  static open(folder: string, options: string): Promise<BindingDatabase | BindingError>
  collections(): Promise<Buffer | BindingError>
  create(name: string, spec: string): Promise<Buffer | BindingError>
  drop(name: string): Promise<boolean | BindingError>
  collection(name: string): Promise<BindingCollection | BindingError>
  rebuild(name: string, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Buffer | BindingError>
  stats(): Promise<Buffer | BindingError>
  compact(): Promise<boolean | BindingError>
  close(): Promise<boolean | BindingError>
  models(): Promise<Buffer | BindingError>
  embed(model: string, texts: string, wait: boolean, cancel?: BindingCancel | undefined | null): Promise<Float32Array | BindingError>
  releaseIdle(idleMs: number): Promise<number | BindingError>
}
export declare class BindingCollection {
  info(): Promise<Buffer | BindingError>
  put(records: Buffer, vectors: Float32Array | undefined | null, mode: BindingPutMode, cancel?: BindingCancel | undefined | null): Promise<Buffer | BindingError>
  remove(ids: string): Promise<Buffer | BindingError>
  get(id: string, vector: boolean): Promise<Buffer | BindingError>
  list(options: string, cancel?: BindingCancel | undefined | null): Promise<Buffer | BindingError>
  search(request: string, vector?: Float32Array | undefined | null, cancel?: BindingCancel | undefined | null): Promise<Buffer | BindingError>
  searchBatch(request: string, vectors: Float32Array, cancel?: BindingCancel | undefined | null): Promise<Buffer | BindingError>
  similar(id: string, request: string, cancel?: BindingCancel | undefined | null): Promise<Buffer | BindingError>
  import(path: string, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Buffer | BindingError>
}
export declare function system(): string
