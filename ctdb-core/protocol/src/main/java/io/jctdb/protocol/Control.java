package io.jctdb.protocol;

import java.util.HashMap;
import java.util.Map;

/**
 * The controls, by opcode (client-protocol.md 3.2). Opcodes without a constant were never given to
 * anything, or long ago; {@link #of} answers {@link #UNKNOWN} for them.
 *
 * <p>159 to 162 are newer than 4.17: a 4.17 daemon refuses them, newer smbds send them.
 */
public enum Control {
  PROCESS_EXISTS(0),
  STATISTICS(1),
  PING(3),
  GETDBPATH(4),
  GETVNNMAP(5),
  SETVNNMAP(6),
  GET_DEBUG(7),
  SET_DEBUG(8),
  GET_DBMAP(9),
  GET_NODEMAPv4(10, State.GONE),
  SET_DMASTER(11, State.GONE),
  PULL_DB(13, State.GONE),
  PUSH_DB(14, State.GONE),
  GET_RECMODE(15),
  SET_RECMODE(16),
  STATISTICS_RESET(17),
  DB_ATTACH(18),
  SET_CALL(19, State.GONE),
  TRAVERSE_START(20),
  TRAVERSE_ALL(21),
  TRAVERSE_DATA(22),
  REGISTER_SRVID(23),
  DEREGISTER_SRVID(24),
  GET_DBNAME(25),
  ENABLE_SEQNUM(26),
  UPDATE_SEQNUM(27),
  DUMP_MEMORY(29),
  GET_PID(30),
  GET_RECMASTER(31, State.GONE),
  SET_RECMASTER(32, State.GONE),
  FREEZE(33),
  THAW(34, State.GONE),
  GET_PNN(35),
  SHUTDOWN(36),
  GET_MONMODE(37, State.GONE),
  TAKEOVER_IPv4(42, State.GONE),
  RELEASE_IPv4(43, State.GONE),
  TCP_CLIENT(44),
  TCP_ADD(45),
  TCP_REMOVE(46),
  STARTUP(47),
  SET_TUNABLE(48),
  GET_TUNABLE(49),
  LIST_TUNABLES(50),
  GET_PUBLIC_IPSv4(51, State.GONE),
  MODIFY_FLAGS(52),
  GET_ALL_TUNABLES(53),
  KILL_TCP(54, State.GONE),
  GET_TCP_TICKLE_LIST(55),
  SET_TCP_TICKLE_LIST(56),
  REGISTER_SERVER_ID(57, State.GONE),
  UNREGISTER_SERVER_ID(58, State.GONE),
  CHECK_SERVER_ID(59, State.GONE),
  GET_SERVER_ID_LIST(60, State.GONE),
  DB_ATTACH_PERSISTENT(61),
  PERSISTENT_STORE(62, State.GONE),
  UPDATE_RECORD(63),
  SEND_GRATUITOUS_ARP(64),
  TRANSACTION_START(65, State.GONE),
  TRANSACTION_COMMIT(66, State.GONE),
  WIPE_DATABASE(67),
  UPTIME(69),
  START_RECOVERY(70),
  END_RECOVERY(71),
  RELOAD_NODES_FILE(72),
  TRY_DELETE_RECORDS(74),
  ENABLE_MONITOR(75, State.GONE),
  DISABLE_MONITOR(76, State.GONE),
  ADD_PUBLIC_IP(77),
  DEL_PUBLIC_IP(78),
  RUN_EVENTSCRIPTS(79, State.GONE),
  GET_CAPABILITIES(80),
  START_PERSISTENT_UPDATE(81, State.NOP),
  CANCEL_PERSISTENT_UPDATE(82, State.NOP),
  TRANS2_COMMIT(83, State.GONE),
  TRANS2_FINISHED(84, State.GONE),
  TRANS2_ERROR(85, State.GONE),
  TRANS2_COMMIT_RETRY(86, State.GONE),
  RECD_PING(87),
  RELEASE_IP(88),
  TAKEOVER_IP(89),
  GET_PUBLIC_IPS(90),
  GET_NODEMAP(91),
  GET_EVENT_SCRIPT_STATUS(96, State.GONE),
  TRAVERSE_KILL(97),
  RECD_RECLOCK_LATENCY(98),
  GET_RECLOCK_FILE(99),
  SET_RECLOCK_FILE(100, State.GONE),
  STOP_NODE(101),
  CONTINUE_NODE(102),
  SET_NATGWSTATE(103, State.GONE),
  SET_LMASTERROLE(104),
  SET_RECMASTERROLE(105),
  ENABLE_SCRIPT(107, State.GONE),
  DISABLE_SCRIPT(108, State.GONE),
  SET_BAN_STATE(109),
  GET_BAN_STATE(110),
  SET_DB_PRIORITY(111, State.GONE),
  GET_DB_PRIORITY(112, State.GONE),
  TRANSACTION_CANCEL(113, State.GONE),
  REGISTER_NOTIFY(114),
  DEREGISTER_NOTIFY(115),
  TRANS2_ACTIVE(116, State.GONE),
  GET_LOG(117, State.GONE),
  CLEAR_LOG(118, State.GONE),
  TRANS3_COMMIT(119),
  GET_DB_SEQNUM(120),
  DB_SET_HEALTHY(121),
  DB_GET_HEALTH(122),
  GET_PUBLIC_IP_INFO(123),
  GET_IFACES(124),
  SET_IFACE_LINK_STATE(125),
  TCP_ADD_DELAYED_UPDATE(126),
  GET_STAT_HISTORY(127),
  SCHEDULE_FOR_DELETION(128),
  SET_DB_READONLY(129),
  CHECK_SRVIDS(130, State.GONE),
  TRAVERSE_START_EXT(131),
  GET_DB_STATISTICS(132),
  SET_DB_STICKY(133),
  RELOAD_PUBLIC_IPS(134),
  TRAVERSE_ALL_EXT(135),
  RECEIVE_RECORDS(136, State.GONE),
  IPREALLOCATED(137),
  GET_RUNSTATE(138),
  DB_DETACH(139),
  GET_NODES_FILE(140),
  DB_FREEZE(141),
  DB_THAW(142),
  DB_TRANSACTION_START(143),
  DB_TRANSACTION_COMMIT(144),
  DB_TRANSACTION_CANCEL(145),
  DB_PULL(146),
  DB_PUSH_START(147),
  DB_PUSH_CONFIRM(148),
  DB_OPEN_FLAGS(149),
  DB_ATTACH_REPLICATED(150),
  CHECK_PID_SRVID(151),
  TUNNEL_REGISTER(152),
  TUNNEL_DEREGISTER(153),
  VACUUM_FETCH(154),
  DB_VACUUM(155),
  ECHO_DATA(156),
  DISABLE_NODE(157),
  ENABLE_NODE(158),
  TCP_CLIENT_DISCONNECTED(159),
  TCP_CLIENT_PASSED(160),
  START_IPREALLOCATE(161),
  PUSH_RECORD(162),
  /** Our own: what a node can tell of a public address ({@link AddressStory}). */
  ADDRESS_STORY(Control.OWN_FIRST),
  /** Our own: a node's links to the others ({@link LinkReport}). */
  LINK_REPORT(Control.OWN_FIRST + 10),
  /** Our own: what a node can tell of its place in the cluster ({@link NodeStory}). */
  NODE_STORY(Control.OWN_FIRST + 1),
  /** Our own: a ban with its reason ({@link BanOrder}). */
  BAN_NODE(Control.OWN_FIRST + 2),
  /** Our own: which addresses a remote node could host ({@link HostableAddresses}). */
  HOSTABLE_ADDRESSES(Control.OWN_FIRST + 3),
  /** Our own: a node's site, in its configuration ({@link SiteOrder}). */
  SET_SITE(Control.OWN_FIRST + 4),
  /**
   * Our own, between daemons only: with which ZooKeeper servers one works ({@link EnsembleNotice}).
   */
  ENSEMBLE_NOTICE(Control.OWN_FIRST + 5),
  /** Stands for every opcode without a meaning; itself it has none. */
  UNKNOWN(-1, State.UNKNOWN);

  /** What a daemon has to do with a control. */
  public enum State {
    /** Implemented. */
    OK,
    /** Existed once; refused with -1, and clients know that. */
    GONE,
    /** Answered with status 0, without effect. */
    NOP,
    /** Refused with -1. */
    UNKNOWN
  }

  /** Opcodes from here on are our own; ctdbd answers them with -1, as all that it does not know. */
  public static final int OWN_FIRST = 10_000;

  private static final Control[] BY_OPCODE = new Control[163];

  private static final Map<Integer, Control> OWN = new HashMap<>();

  static {
    for (Control control : values()) {
      if (control.opcode >= 0 && control.opcode < OWN_FIRST) {
        BY_OPCODE[control.opcode] = control;
      } else if (control.opcode >= OWN_FIRST) {
        OWN.put(control.opcode, control);
      }
    }
  }

  private final int opcode;
  private final State state;

  Control(int opcode) {
    this(opcode, State.OK);
  }

  Control(int opcode, State state) {
    this.opcode = opcode;
    this.state = state;
  }

  /** The number on the wire; -1 for {@link #UNKNOWN}. */
  public int opcode() {
    return opcode;
  }

  public State state() {
    return state;
  }

  /** The control with this number, or {@link #UNKNOWN}; never fails. */
  public static Control of(int opcode) {
    if (opcode >= OWN_FIRST) {
      return OWN.getOrDefault(opcode, UNKNOWN);
    }
    if (opcode < 0 || opcode >= BY_OPCODE.length) {
      return UNKNOWN;
    }
    Control control = BY_OPCODE[opcode];
    return control == null ? UNKNOWN : control;
  }
}
