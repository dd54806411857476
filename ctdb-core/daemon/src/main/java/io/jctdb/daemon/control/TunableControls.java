package io.jctdb.daemon.control;

import io.jctdb.daemon.config.Tunables;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.StringN;
import io.jctdb.protocol.TunableList;
import io.jctdb.protocol.TunableSet;
import java.util.Arrays;
import java.util.OptionalLong;

/** Reading and setting the tunables of this node (sheet 3.10). */
public final class TunableControls implements ControlTable.Group {
  private static final int NO_SUCH_NAME = -22;
  private static final int OBSOLETE = 1;

  private final Tunables tunables;

  public TunableControls(Tunables tunables) {
    this.tunables = tunables;
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.GET_TUNABLE, this::get);
    table.on(Control.SET_TUNABLE, this::set);
    table.on(Control.LIST_TUNABLES, r -> r.reply().ok(new StringN(Tunables.listString()).encode()));
    table.on(Control.GET_ALL_TUNABLES, this::getAll);
  }

  private void get(ControlRequest request) {
    OptionalLong value = tunables.get(StringN.decode(request.data()).text());
    if (value.isPresent()) {
      request.reply().ok(Payload.ofU32((int) value.getAsLong()));
    } else {
      request.reply().status(NO_SUCH_NAME);
    }
  }

  private void set(ControlRequest request) {
    TunableSet wanted = TunableSet.decode(request.data());
    request
        .reply()
        .status(
            switch (tunables.set(wanted.name(), Integer.toUnsignedLong(wanted.value()))) {
              case DONE -> 0;
              case OBSOLETE -> OBSOLETE;
              case UNKNOWN -> -1;
            });
  }

  private void getAll(ControlRequest request) {
    Payload.expectEmpty(request.data());
    request
        .reply()
        .ok(new TunableList(Arrays.stream(tunables.inMemoryOrder()).boxed().toList()).encode());
  }
}
