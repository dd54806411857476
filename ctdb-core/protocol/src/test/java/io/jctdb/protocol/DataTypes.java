package io.jctdb.protocol;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The vectors' {@code data_type} names: for each, how to decode and encode with our records, and
 * how the vectors would describe the result.
 */
final class DataTypes {
  private static final HexFormat HEX = HexFormat.of();
  private static final Map<String, DataType> TYPES = new LinkedHashMap<>();

  private DataTypes() {}

  /** Bytes to description, and bytes to bytes by way of our record. */
  record DataType(Function<byte[], @Nullable Object> describe, Function<byte[], byte[]> reencode) {}

  static DataType named(String name) {
    DataType type = TYPES.get(name);
    if (type == null) {
      throw new AssertionError("no data type " + name);
    }
    return type;
  }

  private static <T> void type(
      String name,
      Function<byte[], T> decode,
      Function<T, @Nullable Object> describe,
      Function<T, byte[]> encode) {
    TYPES.put(name, new DataType(decode.andThen(describe), decode.andThen(encode)));
  }

  static {
    scalars();
    addresses();
    cluster();
    databases();
    messages();
    statistics();
  }

  private static void scalars() {
    type("empty", b -> b, b -> null, b -> b);
    type("raw", b -> b, HEX::formatHex, b -> b);
    type("u32", Payload::u32, Integer::toUnsignedLong, Payload::ofU32);
    type("i32", Payload::u32, i -> i, Payload::ofU32);
    type("u64", Payload::u64, u -> new BigInteger(Long.toUnsignedString(u)), Payload::ofU64);
    type("f64", Payload::f64, d -> d, Payload::ofF64);
    type("srvid", Payload::u64, DataTypes::hex64, Payload::ofU64);
    type("dbid", Payload::u32, DataTypes::hex32, Payload::ofU32);
    type("cstr", Payload::cstr, s -> s, Payload::ofCstr);
    type("rawstr", Payload::text, s -> s, Payload::ofText);
    type(
        "dbid_pad",
        SeqnumRequest::decode,
        r -> map("db_id", hex32(r.dbId())),
        SeqnumRequest::encode);
    type(
        "stringn",
        StringN::decode,
        s -> map("length", s.text().length() + 1, "string", s.text()),
        StringN::encode);
    type(
        "tunable_set",
        TunableSet::decode,
        t -> map("value", u(t.value()), "length", t.name().length() + 1, "name", t.name()),
        TunableSet::encode);
    type(
        "notify",
        NotifyData::decode,
        n ->
            map("srvid", hex64(n.srvid()), "len", n.data().length, "data", HEX.formatHex(n.data())),
        NotifyData::encode);
    type(
        "pid_srvid",
        PidSrvid::decode,
        p -> map("pid", p.pid(), "srvid", hex64(p.srvid())),
        PidSrvid::encode);
    type(
        "dbvacuum",
        DbVacuum::decode,
        v -> map("db_id", hex32(v.dbId()), "full_vacuum_run", v.full() ? 1 : 0),
        DbVacuum::encode);
    type(
        "echo",
        EchoData::decode,
        e ->
            map("timeout", u(e.timeout()), "len", e.data().length, "data", HEX.formatHex(e.data())),
        EchoData::encode);
  }

  private static void addresses() {
    type("addr", SockAddr::decode, DataTypes::address, SockAddr::encode);
    type("conn", Connection::decode, DataTypes::connection, Connection::encode);
    type("pip", PublicIp::decode, DataTypes::publicIp, PublicIp::encode);
    type(
        "piplist",
        PublicIpList::decode,
        l -> counted("ips", l.addresses(), DataTypes::publicIp),
        PublicIpList::encode);
    type("iface", Interface::decode, DataTypes::networkInterface, Interface::encode);
    type(
        "ifacelist",
        InterfaceList::decode,
        l -> counted("ifaces", l.interfaces(), DataTypes::networkInterface),
        InterfaceList::encode);
    type(
        "pipinfo",
        PublicIpInfo::decode,
        i -> {
          Map<String, @Nullable Object> info =
              counted("ifaces", i.interfaces(), DataTypes::networkInterface);
          info.put("ip", publicIp(i.address()));
          info.put("active_idx", u(i.activeIndex()));
          return info;
        },
        PublicIpInfo::encode);
    type(
        "tickles",
        TickleList::decode,
        t -> {
          Map<String, @Nullable Object> list =
              counted("connections", t.connections(), DataTypes::connection);
          list.put("addr", address(t.address()));
          return list;
        },
        TickleList::encode);
    type(
        "addrinfo",
        AddressInfo::decode,
        a ->
            map(
                "addr",
                address(a.address()),
                "mask",
                u(a.mask()),
                "len",
                a.interfaces().isEmpty() ? 0 : a.interfaces().length() + 1,
                "iface",
                a.interfaces().isEmpty() ? null : a.interfaces()),
        AddressInfo::encode);
  }

  private static void cluster() {
    type(
        "nodemap",
        NodeMap::decode,
        m ->
            counted(
                "nodes",
                m.nodes(),
                n ->
                    map(
                        "pnn",
                        u(n.pnn()),
                        "flags",
                        hex32(n.flags()),
                        "addr",
                        address(n.address()))),
        NodeMap::encode);
    type(
        "vnnmap",
        VnnMap::decode,
        m -> map("generation", u(m.generation()), "size", m.pnns().size(), "map", m.pnns()),
        VnnMap::encode);
    type(
        "flagchange",
        NodeFlagChange::decode,
        f ->
            map(
                "pnn",
                u(f.pnn()),
                "new_flags",
                hex32(f.newFlags()),
                "old_flags",
                hex32(f.oldFlags())),
        NodeFlagChange::encode);
    type(
        "ban",
        BanState::decode,
        b -> map("pnn", u(b.pnn()), "time", u(b.seconds())),
        BanState::encode);
    type(
        "uptime",
        Uptime::decode,
        t ->
            map(
                "current_time",
                time(t.currentTime()),
                "ctdbd_start_time",
                time(t.startTime()),
                "last_recovery_started",
                time(t.lastRecoveryStarted()),
                "last_recovery_finished",
                time(t.lastRecoveryFinished())),
        Uptime::encode);
    type(
        "tunlist", // by value only: the vectors name the fields of the C structure
        TunableList::decode,
        t -> t.values().stream().map(DataTypes::u).toList(),
        TunableList::encode);
  }

  private static void databases() {
    type(
        "dbmap",
        DatabaseMap::decode,
        m -> counted("dbs", m.databases(), d -> map("db_id", hex32(d.dbId()), "flags", d.flags())),
        DatabaseMap::encode);
    type(
        "keydata",
        KeyData::decode,
        k ->
            map(
                "db_id",
                hex32(k.dbId()),
                "header",
                header(k.header()),
                "keylen",
                k.key().length(),
                "key",
                HEX.formatHex(k.key().bytes())),
        KeyData::encode);
    type(
        "trav",
        TraverseStart::decode,
        t -> map("db_id", hex32(t.dbId()), "reqid", u(t.reqid()), "srvid", hex64(t.srvid())),
        TraverseStart::encode);
    type(
        "travext",
        TraverseStartExt::decode,
        t ->
            map(
                "db_id",
                hex32(t.dbId()),
                "reqid",
                u(t.reqid()),
                "srvid",
                hex64(t.srvid()),
                "withemptyrecords",
                t.withEmptyRecords() ? 1 : 0),
        TraverseStartExt::encode);
    type(
        "travall",
        TraverseAll::decode,
        t ->
            map(
                "db_id",
                hex32(t.dbId()),
                "reqid",
                u(t.reqid()),
                "pnn",
                u(t.pnn()),
                "client_reqid",
                u(t.clientReqid()),
                "srvid",
                hex64(t.srvid())),
        TraverseAll::encode);
    type(
        "travallext",
        TraverseAllExt::decode,
        t ->
            map(
                "db_id",
                hex32(t.dbId()),
                "reqid",
                u(t.reqid()),
                "pnn",
                u(t.pnn()),
                "client_reqid",
                u(t.clientReqid()),
                "srvid",
                hex64(t.srvid()),
                "withemptyrecords",
                t.withEmptyRecords() ? 1 : 0),
        TraverseAllExt::encode);
    type(
        "transdb",
        TransDb::decode,
        t -> map("db_id", hex32(t.dbId()), "tid", u(t.tid())),
        TransDb::encode);
    type(
        "pulldb",
        PullDb::decode,
        p ->
            map("db_id", hex32(p.dbId()), "lmaster", hex32(p.lmaster()), "srvid", hex64(p.srvid())),
        PullDb::encode);
    type("rec", RecordData::decode, DataTypes::recordData, RecordData::encode);
    type(
        "recbuf",
        MarshallBuffer::decode,
        m ->
            map(
                "db_id",
                hex32(m.dbId()),
                "count",
                m.records().size(),
                "records",
                m.records().stream().map(DataTypes::recordData).toList()),
        MarshallBuffer::encode);
    type(
        "pushrec",
        PushRecord::decode,
        p ->
            map(
                "generation",
                u(p.generation()),
                "db_id",
                hex32(p.dbId()),
                "header",
                header(p.header()),
                "keylen",
                p.key().length(),
                "key",
                HEX.formatHex(p.key().bytes()),
                "valuelen",
                p.value().length,
                "value",
                HEX.formatHex(p.value())),
        PushRecord::encode);
  }

  private static void messages() {
    type(
        "election",
        ElectionMessage::decode,
        e ->
            map(
                "num_connected",
                u(e.numConnected()),
                "priority_time",
                time(e.priorityTime()),
                "pnn",
                u(e.pnn()),
                "node_flags",
                hex32(e.nodeFlags())),
        ElectionMessage::encode);
    type(
        "srvidmsg",
        SrvidMessage::decode,
        m -> map("pnn", u(m.pnn()), "srvid", hex64(m.srvid())),
        SrvidMessage::encode);
    type(
        "disablemsg",
        DisableMessage::decode,
        m -> map("pnn", u(m.pnn()), "srvid", hex64(m.srvid()), "timeout", u(m.timeout())),
        DisableMessage::encode);
    type(
        "sambamsg",
        SambaMessage::decode,
        m ->
            map(
                "dst",
                serverId(m.destination()),
                "src",
                serverId(m.source()),
                "msg_type",
                u(m.type()),
                "payload",
                HEX.formatHex(m.payload())),
        SambaMessage::encode);
  }

  private static void statistics() {
    type("stats", Statistics::decode, DataTypes::stats, Statistics::encode);
    type(
        "statlist",
        StatisticsList::decode,
        l -> counted("stats", l.history(), DataTypes::stats),
        StatisticsList::encode);
    type(
        "dbstats",
        DatabaseStatistics::decode,
        s -> {
          Map<String, @Nullable Object> described = locks(s.locks());
          described.put("vacuum.latency", latency(s.vacuumLatency()));
          described.put("db_ro_delegations", u(s.roDelegations()));
          described.put("db_ro_revokes", u(s.roRevokes()));
          described.put("hop_count_bucket", s.hopCountBuckets());
          described.put("num_hot_keys", DatabaseStatistics.HOT_KEYS);
          described.put(
              "hot_keys",
              s.hotKeys().stream()
                  .map(
                      h ->
                          map(
                              "count",
                              u(h.count()),
                              "keylen",
                              h.key().length(),
                              "key",
                              HEX.formatHex(h.key().bytes())))
                  .toList());
          return described;
        },
        DatabaseStatistics::encode);
  }

  private static Object stats(Statistics s) {
    Map<String, @Nullable Object> described = locks(s.locks());
    described.put("num_clients", u(s.numClients()));
    described.put("frozen", u(s.frozen()));
    described.put("recovering", u(s.recovering()));
    described.put("client_packets_sent", u(s.clientPacketsSent()));
    described.put("client_packets_recv", u(s.clientPacketsReceived()));
    described.put("node_packets_sent", u(s.nodePacketsSent()));
    described.put("node_packets_recv", u(s.nodePacketsReceived()));
    described.put("keepalive_packets_sent", u(s.keepalivePacketsSent()));
    described.put("keepalive_packets_recv", u(s.keepalivePacketsReceived()));
    described.put("node.req_call", u(s.node().reqCall()));
    described.put("node.reply_call", u(s.node().replyCall()));
    described.put("node.req_dmaster", u(s.node().reqDmaster()));
    described.put("node.reply_dmaster", u(s.node().replyDmaster()));
    described.put("node.reply_error", u(s.node().replyError()));
    described.put("node.req_message", u(s.node().reqMessage()));
    described.put("node.req_control", u(s.node().reqControl()));
    described.put("node.reply_control", u(s.node().replyControl()));
    described.put("node.req_tunnel", u(s.node().reqTunnel()));
    described.put("client.req_call", u(s.client().reqCall()));
    described.put("client.req_message", u(s.client().reqMessage()));
    described.put("client.req_control", u(s.client().reqControl()));
    described.put("client.req_tunnel", u(s.client().reqTunnel()));
    described.put("timeouts.call", u(s.timeouts().call()));
    described.put("timeouts.control", u(s.timeouts().control()));
    described.put("timeouts.traverse", u(s.timeouts().traverse()));
    described.put("reclock.ctdbd", latency(s.reclockDaemon()));
    described.put("reclock.recd", latency(s.reclockRecovery()));
    described.put("total_calls", u(s.totalCalls()));
    described.put("pending_calls", u(s.pendingCalls()));
    described.put("childwrite_calls", u(s.childwriteCalls()));
    described.put("pending_childwrite_calls", u(s.pendingChildwriteCalls()));
    described.put("memory_used", u(s.memoryUsed()));
    described.put("last_counter", 0);
    described.put("max_hop_count", u(s.maxHopCount()));
    described.put("hop_count_bucket", s.hopCountBuckets());
    described.put("call_latency", latency(s.callLatency()));
    described.put("childwrite_latency", latency(s.childwriteLatency()));
    described.put("num_recoveries", u(s.numRecoveries()));
    described.put("statistics_start_time", time(s.startTime()));
    described.put("statistics_current_time", time(s.currentTime()));
    described.put("total_ro_delegations", u(s.totalRoDelegations()));
    described.put("total_ro_revokes", u(s.totalRoRevokes()));
    return described;
  }

  private static Map<String, @Nullable Object> locks(LockStatistics locks) {
    Map<String, @Nullable Object> described = new LinkedHashMap<>();
    described.put("locks.num_calls", u(locks.numCalls()));
    described.put("locks.num_current", u(locks.numCurrent()));
    described.put("locks.num_pending", u(locks.numPending()));
    described.put("locks.num_failed", u(locks.numFailed()));
    described.put("locks.latency", latency(locks.latency()));
    described.put("locks.buckets", locks.buckets());
    return described;
  }

  private static Object latency(Latency l) {
    return map("num", l.count(), "min", l.min(), "max", l.max(), "total", l.total());
  }

  private static Object address(SockAddr address) {
    Map<String, @Nullable Object> described =
        map(
            "family",
            address.isIpv4() ? "inet" : "inet6",
            "port",
            address.port(),
            "addr",
            address.host());
    if (!address.isIpv4()) {
      described.put("flowinfo", 0);
      described.put("scope_id", u(address.scopeId()));
    }
    return described;
  }

  private static Object connection(Connection connection) {
    return map("src", address(connection.source()), "dst", address(connection.destination()));
  }

  private static Object publicIp(PublicIp ip) {
    return map("pnn", pnn(ip.pnn()), "addr", address(ip.address()));
  }

  private static Object networkInterface(Interface each) {
    return map(
        "name", each.name(), "link_state", each.linkState(), "references", u(each.references()));
  }

  private static Object serverId(ServerId id) {
    return map(
        "pid",
        id.pid(),
        "task_id",
        u(id.taskId()),
        "vnn",
        u(id.vnn()),
        "unique_id",
        hex64(id.uniqueId()));
  }

  private static Object time(TimeVal time) {
    return map("sec", time.seconds(), "usec", time.micros());
  }

  private static Object recordData(RecordData each) {
    Map<String, @Nullable Object> described =
        map(
            "length",
            each.size(),
            "reqid",
            u(each.reqid()),
            "keylen",
            each.key().length(),
            "datalen",
            each.data().length,
            "key",
            HEX.formatHex(each.key().bytes()));
    if (each.data().length >= RecordHeader.SIZE) {
      described.put("header", header(each.header()));
      described.put("data", HEX.formatHex(each.value()));
    } else {
      described.put("data", HEX.formatHex(each.data()));
    }
    return described;
  }

  private static Object header(RecordHeader header) {
    return map(
        "rsn",
        header.rsn(),
        "dmaster",
        u(header.dmaster()),
        "reserved1",
        0,
        "flags",
        hex32(header.flags()));
  }

  private static <T> Map<String, @Nullable Object> counted(
      String name, List<T> elements, Function<T, Object> describe) {
    List<Object> described = new ArrayList<>();
    for (T each : elements) {
      described.add(describe.apply(each));
    }
    return map("num", elements.size(), name, described);
  }

  static Map<String, @Nullable Object> map(@Nullable Object... namesAndValues) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) Objects.requireNonNull(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return map;
  }

  static Object pnn(int pnn) {
    return u(pnn);
  }

  static long u(int value) {
    return Integer.toUnsignedLong(value);
  }

  static String hex32(int value) {
    return String.format(Locale.ROOT, "0x%08x", value);
  }

  static String hex64(long value) {
    return String.format(Locale.ROOT, "0x%016x", value);
  }
}
