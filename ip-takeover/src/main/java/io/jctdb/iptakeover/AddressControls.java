package io.jctdb.iptakeover;

import io.jctdb.protocol.AddressInfo;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.ControlFlag;
import io.jctdb.protocol.Interface;
import io.jctdb.protocol.InterfaceList;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpInfo;
import io.jctdb.protocol.PublicIpList;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.TickleList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The controls about public addresses and their connections, bytes to bytes (client-protocol.md
 * 3.9). Data of a wrong size is answered with -1.
 *
 * <p>A leader asks all nodes what they have, and then tells them what to release and to take. If
 * somebody else was elected meanwhile and has asked, too, the order of the one who does not know
 * that yet, or whose order was long under way, would put an address on two nodes: this node has
 * told the new leader that it does not have it. So what a leader asks and orders carries its term,
 * and a node to which a later term has come refuses it. Nor is a release that was still under way
 * then confirmed to the earlier leader: the later one was told that the address is here.
 *
 * <p>Threading: owner thread; answers come on it, at once or after an event.
 */
public final class AddressControls {
  private static final Logger LOG = LoggerFactory.getLogger(AddressControls.class);
  private static final int OK = 0;
  private static final int FAILED = -1;
  private static final int NOT_PUBLIC = 1;

  /** The answer to a leader in whose place another one has been elected (-ESTALE). */
  static final int REPLACED = -116;

  /** Of a request that is no leader's: a tool's, which nobody has elected. */
  public static final long NO_TERM = 0;

  private final LocalAddresses addresses;
  private final FileReader file;

  /** The latest one in which a leader has asked this node, or told it, something. */
  private long latestTerm = NO_TERM;

  /** Reads {@code public_addresses} afresh. */
  public interface FileReader {
    /** Empty if there is no such file. */
    Optional<List<PublicAddress>> read() throws PublicAddressesException;
  }

  /** Takes the one answer to a control. */
  public interface Reply {
    void answer(int status, byte[] data);

    private void status(int status) {
      answer(status, Payload.empty());
    }
  }

  public AddressControls(LocalAddresses addresses, FileReader file) {
    this.addresses = addresses;
    this.file = file;
  }

  /**
   * Carries out one control.
   *
   * @param flags of the request ({@link ControlFlag})
   * @param client the local client's connection; 0 for requests of other nodes
   * @param term of the leader whose takeover run this is part of, or {@link #NO_TERM}
   * @return false if the control is none of those here; then it is not answered either
   */
  public boolean handle(
      Control control, int flags, byte[] data, long client, long term, Reply reply) {
    if (term != NO_TERM && term < latestTerm) {
      LOG.warn("Refused {} of a leader that has been replaced (term {})", control, term);
      reply.status(REPLACED);
      return true;
    }
    latestTerm = Math.max(latestTerm, term);
    try {
      return dispatch(control, flags, data, client, term == NO_TERM ? reply : until(term, reply));
    } catch (MalformedPacketException e) {
      LOG.warn("Refused control {}: {}", control, e.getMessage());
      reply.status(FAILED);
      return true;
    }
  }

  /** What comes after a later leader's question is a refusal. */
  private Reply until(long term, Reply reply) {
    return (status, data) -> {
      if (term < latestTerm) {
        reply.status(REPLACED);
      } else {
        reply.answer(status, data);
      }
    };
  }

  /**
   * This node is no member and has no address: what leaders it had does not matter, and should
   * their terms begin anew, it must not refuse them.
   */
  public void forgetTerms() {
    latestTerm = NO_TERM;
  }

  private boolean dispatch(Control control, int flags, byte[] data, long client, Reply reply) {
    IntConsumer status = reply::status;
    TcpConnections connections = addresses.connections();
    switch (control) {
      case GET_PUBLIC_IPS -> getPublicIps(flags, data, reply);
      case GET_PUBLIC_IP_INFO -> getPublicIpInfo(SockAddr.decode(data), reply);
      case GET_IFACES -> getInterfaces(data, reply);
      case SET_IFACE_LINK_STATE -> status.accept(setLinkState(data));
      case ADD_PUBLIC_IP -> status.accept(addresses.add(AddressInfo.decode(data)));
      case DEL_PUBLIC_IP ->
          status.accept(addresses.delete(AddressInfo.decode(data).address().address()));
      case RELOAD_PUBLIC_IPS -> status.accept(reload(data));
      case RELEASE_IP -> addresses.releaseIp(PublicIp.decode(data), status);
      case TAKEOVER_IP -> addresses.takeoverIp(PublicIp.decode(data), status);
      case START_IPREALLOCATE -> {
        Payload.expectEmpty(data);
        addresses.startIpReallocate(status);
      }
      case IPREALLOCATED -> ipReallocated(data, status);
      case SEND_GRATUITOUS_ARP -> status.accept(announce(AddressInfo.decode(data)));
      case TCP_CLIENT -> status.accept(connections.accepted(client, Connection.decode(data)));
      case TCP_CLIENT_DISCONNECTED ->
          status.accept(connections.disconnected(client, Connection.decode(data)));
      case TCP_CLIENT_PASSED -> status.accept(connections.passed(client, Connection.decode(data)));
      case TCP_ADD -> status.accept(added(Connection.decode(data), client));
      case TCP_ADD_DELAYED_UPDATE -> status.accept(connections.add(Connection.decode(data), true));
      case TCP_REMOVE -> status.accept(connections.remove(Connection.decode(data)));
      case GET_TCP_TICKLE_LIST -> getTickleList(SockAddr.decode(data), reply);
      case SET_TCP_TICKLE_LIST -> status.accept(connections.replace(TickleList.decode(data)));
      default -> {
        return false;
      }
    }
    return true;
  }

  private int added(Connection connection, long client) {
    TcpConnections connections = addresses.connections();
    return client == 0
        ? connections.addedElsewhere(connection)
        : connections.add(connection, false);
  }

  private void getPublicIps(int flags, byte[] data, Reply reply) {
    Payload.expectEmpty(data);
    boolean onlyAvailable = (flags & ControlFlag.PUBLIC_IP_ONLY_AVAILABLE) != 0;
    reply.answer(OK, new PublicIpList(addresses.publicIps(onlyAvailable)).encode());
  }

  private void getPublicIpInfo(SockAddr address, Reply reply) {
    addresses
        .info(address.address())
        .map(PublicIpInfo::encode)
        .ifPresentOrElse(bytes -> reply.answer(OK, bytes), () -> reply.status(FAILED));
  }

  private void getInterfaces(byte[] data, Reply reply) {
    Payload.expectEmpty(data);
    reply.answer(OK, new InterfaceList(addresses.interfaces()).encode());
  }

  private int setLinkState(byte[] data) {
    Interface state = Interface.decode(data);
    // The name's NUL must be among its first sixteen bytes.
    boolean terminated = false;
    for (int i = 0; i < 16; i++) {
      terminated |= data[i] == 0;
    }
    return terminated ? addresses.setLinkState(state) : FAILED;
  }

  private int reload(byte[] data) {
    Payload.expectEmpty(data);
    try {
      addresses.reload(file.read().orElse(List.of()));
      return OK;
    } catch (PublicAddressesException e) {
      LOG.error("Public addresses stay as they were: {}", e.getMessage());
      return FAILED;
    }
  }

  private void ipReallocated(byte[] data, IntConsumer status) {
    Payload.expectEmpty(data);
    addresses.ipReallocated(status);
  }

  private int announce(AddressInfo info) {
    if (info.interfaces().isEmpty()) {
      return FAILED;
    }
    addresses.announce(info.address().address(), info.interfaces());
    return OK;
  }

  private void getTickleList(SockAddr address, Reply reply) {
    addresses
        .connections()
        .list(address)
        .map(TickleList::encode)
        .ifPresentOrElse(bytes -> reply.answer(OK, bytes), () -> reply.status(NOT_PUBLIC));
  }
}
