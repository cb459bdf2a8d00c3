/** Seconds of one engine, and the share of the true neighbours that it found. */
export interface Row {
  engine: string
  version?: string
  build_s?: number
  query_s?: number
  all_knn_s?: number
  all_pred_s?: number
  recall?: number
  /** Lower end of the 95 % interval of `recall`. */
  recall_bound?: number
  rss_mb?: number
  error?: string
}
