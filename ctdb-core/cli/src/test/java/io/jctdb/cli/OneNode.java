package io.jctdb.cli;

import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseFlag;
import io.jctdb.protocol.DatabaseId;
import io.jctdb.protocol.DatabaseMap;
import io.jctdb.protocol.Interface;
import io.jctdb.protocol.InterfaceList;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.LinkReport;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.PacketCodec;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.Padding;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpInfo;
import io.jctdb.protocol.PublicIpList;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SiteOrder;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.VnnMap;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of one node in memory: a daemon that knows what record commands need, and its files.
 */
final class OneNode implements Host, Wire {
  private static final SockAddr ADDRESS = new SockAddr(InetAddress.ofLiteral("10.77.1.101"), 0);
  private static final SockAddr OTHER_ADDRESS =
      new SockAddr(InetAddress.ofLiteral("fd77:1::101"), 0);

  /** Each database: its records, with headers. */
  private final Map<String, Map<Key, byte[]>> files = new LinkedHashMap<>();

  private final Map<String, Integer> flags = new HashMap<>();
  private final Deque<byte[]> replies = new ArrayDeque<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Output outLines = new Output(out);
  private final Output errLines = new Output(err);
  private byte[] input = {};
  private long now;

  /** What the daemon was asked, in order. */
  final List<Control> asked = new ArrayList<>();

  LinkReport links = new LinkReport("main", "main", 0, 64 << 20, List.of());

  /** Why the node cannot be moved to another site. */
  String siteRefused = "";

  /** How often the holder of a lock is still found alive. */
  int holderLives;

  /** Answers of the next commits; then they succeed. */
  final Deque<Integer> commitStatus = new ArrayDeque<>();

  /** Whether a failing commit is nevertheless carried out by a recovery. */
  boolean recoveryCompletesCommits;

  /** How the next helper ends, and the last one's command line. */
  int helperResult;

  List<String> helper = List.of();

  OneNode() {
    database("vol.tdb", 0);
    database("g_lock.tdb", 0);
    database("pers.tdb", DatabaseFlag.PERSISTENT);
  }

  private void database(String name, int databaseFlags) {
    files.put(name, new LinkedHashMap<>());
    flags.put(name, databaseFlags);
  }

  int run(String... arguments) {
    out.reset();
    err.reset();
    return Tool.run(this, arguments);
  }

  String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String complained() {
    return err.toString(StandardCharsets.UTF_8);
  }

  void type(String lines) {
    input = lines.getBytes(StandardCharsets.UTF_8);
  }

  void put(String database, byte[] key, RecordHeader header, byte[] value) {
    files(database).put(new Key(key), RecordData.of(0, new Key(key), header, value).data());
  }

  byte @Nullable [] value(String database, byte[] key) {
    byte[] data = files(database).get(new Key(key));
    return data == null ? null : Arrays.copyOfRange(data, RecordHeader.SIZE, data.length);
  }

  private Map<Key, byte[]> files(String database) {
    Map<Key, byte[]> file = files.get(database);
    if (file == null) {
      throw new AssertionError("no database " + database);
    }
    return file;
  }

  @Override
  public void send(byte[] packet) {
    if (!(PacketCodec.decode(packet) instanceof PacketCodec.Good good)) {
      throw new AssertionError("bad packet");
    }
    switch (good.packet()) {
      case Packet.RequestControl control -> answer(control);
      case Packet.RequestCall call -> migrate(call);
      default -> throw new AssertionError("unexpected " + good.packet());
    }
  }

  /** The record comes here, as if from another node. */
  private void migrate(Packet.RequestCall call) {
    Map<Key, byte[]> file = files(name(call.dbId()));
    Key key = new Key(call.key());
    byte[] data = file.getOrDefault(key, new byte[RecordHeader.SIZE]);
    RecordHeader header = RecordHeader.read(data, 0);
    header.withDmaster(0).withRsn(header.rsn() + 1).withFlags(0).write(data, 0);
    file.put(key, data);
    PacketHeader to = PacketHeader.toClient(7, 0, call.header().reqid());
    replies.add(
        PacketCodec.encode(new Packet.ReplyCall(to, 0, Payload.empty()), Padding.DAEMON_TO_CLIENT));
  }

  private void answer(Packet.RequestControl control) {
    asked.add(control.control());
    int status = 0;
    byte[] data = Payload.empty();
    switch (control.control()) {
      case GET_DBMAP -> data = databaseMap();
      case GET_DBNAME -> data = Payload.ofCstr(name(Payload.u32(control.data())));
      case GETDBPATH -> data = Payload.ofCstr("/" + name(Payload.u32(control.data())));
      case DB_ATTACH, DB_ATTACH_PERSISTENT ->
          data = Payload.ofU32(DatabaseId.of(Payload.cstr(control.data())));
      case DB_OPEN_FLAGS -> data = Payload.ofU32(0);
      case PROCESS_EXISTS, CHECK_PID_SRVID -> status = holderLives-- > 0 ? 0 : -1;
      case LINK_REPORT -> data = links.encode();
      case SET_SITE -> {
        SiteOrder order = SiteOrder.decode(control.data());
        status = siteRefused.isEmpty() ? 0 : -1;
        String done = order.site() + " is written" + (order.restart() ? ", restarts" : "");
        data = (siteRefused.isEmpty() ? done : siteRefused).getBytes(StandardCharsets.UTF_8);
      }
      case TRANS3_COMMIT -> status = commit(control.data());
      case GET_PUBLIC_IPS ->
          data =
              new PublicIpList(List.of(new PublicIp(0, ADDRESS), new PublicIp(-1, OTHER_ADDRESS)))
                  .encode();
      case GET_PUBLIC_IP_INFO ->
          data =
              new PublicIpInfo(
                      new PublicIp(0, ADDRESS),
                      0,
                      List.of(new Interface("eth1", 1, 2), new Interface("eth2", 0, 0)))
                  .encode();
      case GET_IFACES -> data = new InterfaceList(List.of(new Interface("eth1", 1, 2))).encode();
      case GET_NODEMAP ->
          data =
              new NodeMap(
                      List.of(
                          new NodeMap.Node(
                              0, 0, new SockAddr(InetAddress.ofLiteral("10.0.0.1"), 4379))))
                  .encode();
      case ADDRESS_STORY ->
          data =
              new AddressStory(
                      true,
                      true,
                      true,
                      "",
                      List.of(new AddressStory.Event(1_500, true, "given to node 0: \"test\"")))
                  .encode();
      case GETVNNMAP -> data = new VnnMap(5, List.of(0)).encode();
      case GET_RUNSTATE -> data = Payload.ofU32(RunState.RUNNING.number());
      case GET_PNN, GET_RECMODE, REGISTER_SRVID, DB_GET_HEALTH, SCHEDULE_FOR_DELETION -> {}
      default -> throw new AssertionError("unexpected " + control.control());
    }
    PacketHeader to = PacketHeader.toClient(7, 0, control.header().reqid());
    replies.add(
        PacketCodec.encode(
            new Packet.ReplyControl(to, status, data, ""), Padding.DAEMON_TO_CLIENT));
  }

  private int commit(byte[] data) {
    MarshallBuffer buffer = MarshallBuffer.decode(data);
    int status = commitStatus.isEmpty() ? 0 : commitStatus.remove();
    if (status == 0 || recoveryCompletesCommits) {
      for (RecordData each : buffer.records()) {
        files(name(buffer.dbId())).put(each.key(), each.data());
      }
    }
    return status;
  }

  private byte[] databaseMap() {
    List<DatabaseMap.Entry> entries = new ArrayList<>();
    files
        .keySet()
        .forEach(
            name ->
                entries.add(
                    new DatabaseMap.Entry(DatabaseId.of(name), flags.getOrDefault(name, 0))));
    return new DatabaseMap(entries).encode();
  }

  private String name(int dbId) {
    for (String name : files.keySet()) {
      if (DatabaseId.of(name) == dbId) {
        return name;
      }
    }
    throw new AssertionError("no database " + dbId);
  }

  @Override
  public byte @Nullable [] receive(long timeoutMillis) {
    return replies.poll();
  }

  @Override
  public void close() {}

  @Override
  public RecordFile open(Path path, int tdbFlags, boolean writable) {
    Map<Key, byte[]> file = files(String.valueOf(path.getFileName()));
    return new RecordFile() {
      @Override
      public void lock(byte[] key) {}

      @Override
      public void unlock(byte[] key) {}

      @Override
      public byte @Nullable [] fetch(byte[] key) {
        return file.get(new Key(key));
      }

      @Override
      public void store(byte[] key, byte[] value) {
        file.put(new Key(key), value);
      }

      @Override
      public void forEach(BiConsumer<byte[], byte[]> visitor) {
        file.forEach((key, value) -> visitor.accept(key.bytes(), value));
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public @Nullable String env(String name) {
    return null;
  }

  @Override
  public Output out() {
    return outLines;
  }

  @Override
  public Output err() {
    return errLines;
  }

  @Override
  public InputStream in() {
    return new ByteArrayInputStream(input);
  }

  @Override
  public int pid() {
    return 4711;
  }

  @Override
  public long nanoTime() {
    return now;
  }

  @Override
  public void sleep(long millis) {
    now += millis * 1_000_000;
  }

  @Override
  public void setDeadline(long nanoTime) {}

  @Override
  public Wire connect(Path socket) {
    return this;
  }

  @Override
  public InputStream read(Path file) throws IOException {
    return Files.newInputStream(file);
  }

  @Override
  public boolean isLocalAddress(InetAddress address) {
    return true;
  }

  @Override
  public int run(List<String> command) {
    helper = command;
    return helperResult;
  }

  @Override
  public boolean sendTickle(Connection connection) {
    throw new AssertionError("no network");
  }
}
