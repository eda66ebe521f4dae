// @ts-check

/** @typedef {import("./boundary.gen.js").SessionOptions} SessionOptions */

const urlTimeout = 10_000;
/** How often a limit that ended something may double; that of a dial less often, since a wait follows it. */
const maxDoublings = 3;
const maxDialDoublings = 2;
const pingGap = 100;
/** How long after a wake frames may still come out of a buffer that was filled before. */
const bufferTime = 250;

/** The socket of a basic session, from its dial on. Times are those of performance.now(). */
export class BasicSocket {
  /** @readonly */
  generation;
  /** The cursor that it was dialed with. @readonly */
  after;
  /** Its address came with a new token, and it is not proven. */
  newToken;
  /** @type {"resolving" | "dialing" | "open"} */
  phase = "resolving";
  /** When the phase began. */
  entered;
  spoke = false;
  greeted = false;
  /** Nothing is left to replay. */
  caughtUp = false;
  /** Its server said that it cannot read its log. */
  logUnread = false;
  lastFrame = 0;
  lastFrameWall = 0;
  lastPing = 0;
  /** Sent and unanswered. */
  pings = 0;
  /** Since when an answer is wanted, -1 when none is. */
  askedAt = -1;
  /** From here on any frame is an answer. */
  proofFrom = 0;
  /** Why its life is in doubt, "" when it is not. */
  doubt = "";
  /** When its permission ends, 0 when that is not announced. Only the engine does something about it before. */
  expiresAt = 0;

  /**
   * @param {number} generation
   * @param {string} after
   * @param {boolean} newToken
   * @param {number} now
   */
  constructor(generation, after, newToken, now) {
    this.generation = generation;
    this.after = after;
    this.newToken = newToken;
    this.entered = now;
  }

  /**
   * @param {BasicSocket["phase"]} phase
   * @param {number} now
   */
  enter(phase, now) {
    this.phase = phase;
    this.entered = now;
  }

  /**
   * @param {number} now
   * @param {number} wall
   */
  alive(now, wall) {
    this.lastFrame = now;
    this.lastFrameWall = wall;
  }

  /**
   * An answer is wanted from now on, if none was wanted before.
   * @param {number} now
   * @returns {boolean} whether a ping must be sent
   */
  ask(now) {
    if (this.askedAt < 0) this.askedAt = now;
    if (this.pings > 0 && now - this.lastPing < pingGap) return false;
    this.lastPing = now;
    this.pings++;
    return true;
  }

  /** What another session takes over. */
  facts() {
    const { generation, after, newToken, entered, spoke, greeted, caughtUp, logUnread, lastFrame, lastFrameWall, pings, askedAt, doubt, expiresAt } = this;
    const liveness = { spoke, greeted, caughtUp, logUnread, lastFrame, lastFrameWall, pings, askedAt: Math.max(askedAt, 0), doubt, expiresAt };
    return { generation, dialedAfter: after, newToken, entered, ...liveness };
  }

  /**
   * A wake makes its life doubtful, until an answer or a frame that is no older.
   * @param {string} cause
   * @param {number} now
   */
  doubted(cause, now) {
    this.doubt ||= cause;
    this.proofFrom = now + bufferTime;
  }

  answered() {
    this.askedAt = -1;
    this.doubt = "";
  }

  /** Its life is in doubt because of a sign that time may have passed unseen. */
  get woken() {
    return this.doubt !== "" && this.doubt !== "silence";
  }

  /**
   * When it has taken too long for what it is at.
   * @param {Required<SessionOptions>} options
   * @param {number} doublings how often in a row such a limit has ended something
   */
  limit({ connectTimeout, heartbeatTimeout, challengeAfter }, doublings) {
    const longer = 2 ** Math.min(doublings, maxDoublings);
    if (this.phase === "resolving") return this.entered + urlTimeout * longer;
    if (this.phase === "dialing") return this.entered + connectTimeout * 2 ** Math.min(doublings, maxDialDoublings);
    if (this.askedAt < 0) return Infinity;
    return this.askedAt + (this.woken ? challengeAfter : heartbeatTimeout) * longer;
  }

  /**
   * When its silence is shown to the page.
   * @param {Required<SessionOptions>} options
   */
  doubtAt({ challengeAfter }) {
    return this.spoke && this.askedAt >= 0 && this.doubt === "" ? this.askedAt + challengeAfter : Infinity;
  }

  /**
   * @param {Required<SessionOptions>} options
   * @param {number} heartbeat
   * @param {boolean} visible
   */
  nextPing({ visibleHeartbeat }, heartbeat, visible) {
    if (this.phase !== "open" || heartbeat === 0) return Infinity;
    const at = this.lastPing + heartbeat;
    if (!visible || this.askedAt >= 0) return at;
    return Math.min(at, Math.max(this.lastFrame, this.lastPing) + Math.min(visibleHeartbeat, heartbeat));
  }

  /**
   * When the first of these is due.
   * @param {Required<SessionOptions>} options
   * @param {number} doublings
   * @param {number} heartbeat
   * @param {boolean} visible
   */
  due(options, doublings, heartbeat, visible) {
    return Math.min(this.limit(options, doublings), this.doubtAt(options), this.nextPing(options, heartbeat, visible));
  }
}
