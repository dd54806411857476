package io.jctdb.daemon.control;

import io.jctdb.daemon.client.ClientConnection;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.NotifyData;
import io.jctdb.protocol.Payload;
import java.util.function.BiConsumer;

/**
 * What a client wants to hear, and what is to be said when it goes (sheet 3.4). Only for local
 * clients: a registration that another node passed on would belong to nobody.
 */
public final class RegistrationControls implements ControlTable.Group {
  private static final int NOT_REGISTERED = 2;

  private final BiConsumer<Long, ClientConnection> registered;
  private final Tunnels tunnels;

  /**
   * @param registered told of each new registration, so that what a srvid carries at intervals can
   *     be sent at once
   */
  public RegistrationControls(BiConsumer<Long, ClientConnection> registered, Tunnels tunnels) {
    this.registered = registered;
    this.tunnels = tunnels;
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.REGISTER_SRVID, local(this::register));
    table.on(Control.DEREGISTER_SRVID, local(this::deregister));
    table.on(Control.REGISTER_NOTIFY, local(this::registerNotify));
    table.on(Control.DEREGISTER_NOTIFY, local(this::deregisterNotify));
    table.on(
        Control.TUNNEL_REGISTER,
        local((c, r) -> r.reply().status(tunnels.register(r.srvid(), c) ? 0 : -1)));
    table.on(
        Control.TUNNEL_DEREGISTER,
        local((c, r) -> r.reply().status(tunnels.deregister(r.srvid(), c) ? 0 : -1)));
  }

  private static ControlHandler local(BiConsumer<ClientConnection, ControlRequest> handler) {
    return request -> {
      ClientConnection client = request.client();
      if (client == null) {
        request.reply().fail();
      } else {
        handler.accept(client, request);
      }
    };
  }

  private void register(ClientConnection client, ControlRequest request) {
    if (!client.register(request.srvid())) {
      request.reply().fail();
      return;
    }
    request.reply().ok();
    registered.accept(request.srvid(), client);
  }

  private void deregister(ClientConnection client, ControlRequest request) {
    request.reply().status(client.deregister(request.srvid()) ? 0 : NOT_REGISTERED);
  }

  private void registerNotify(ClientConnection client, ControlRequest request) {
    NotifyData notify = NotifyData.decode(request.data());
    request.reply().status(client.addNotice(notify.srvid(), notify.data()) ? 0 : -1);
  }

  private void deregisterNotify(ClientConnection client, ControlRequest request) {
    long srvid = Payload.u64(request.data());
    request.reply().status(client.removeNotice(srvid) ? 0 : -1);
  }
}
