import type { BindingAudit } from '#native'
import { binding } from '../engine/binding.js'
import { unwrap } from '../engine/error.js'
import { Grouped } from '../engine/grouped.js'
import { parse, stringify } from '../engine/json.js'

/** A line of the audit file; `prev` and `hash` are added. */
export interface AuditLine {
  tenant: string | null
  /** As it was received. */
  eps_req: number | string | null
  allowed: boolean
  event: 'reserve' | 'commit' | 'refund' | 'refuse'
  /** The reservation that lines belong to. */
  id?: string
  /** Why not. */
  code?: string
  /** The HTTP request, as its answer and the log name it. */
  requestId?: string
}

/** JSON lines in a file, each with the hash of the one before. Several processes may write to one file. */
export class AuditFile {
  readonly #native: BindingAudit
  readonly #group: Grouped<object, undefined>

  private constructor(native: BindingAudit) {
    this.#native = native
    this.#group = new Grouped(async (lines) => {
      unwrap((await native.append(stringify(lines))) as undefined)
      return lines.map(() => undefined)
    })
  }

  /** Opens the file, or makes it. */
  static async open(file: string, durability: 'process' | 'power'): Promise<AuditFile> {
    return new AuditFile(unwrap(await binding().BindingAudit.open(file, durability as never)))
  }

  /** Resolves when the line is in the file. */
  append(line: AuditLine): Promise<void> {
    return this.#group.add({ time: new Date().toISOString(), ...line })
  }

  async close(): Promise<void> {
    await this.#group.idle()
    this.#native.close()
  }
}

/** Checks every line of an audit file: how many there are, and the hash of the last. Throws AUDIT_BROKEN with the first line that is wrong. */
export async function verifyAudit(file: string): Promise<{ lines: number; head: string }> {
  return parse(unwrap(await binding().verifyAudit(file)))
}
