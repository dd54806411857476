package io.jctdb.iptakeover;

import io.jctdb.protocol.AddressStory;
import java.net.InetAddress;
import java.util.function.BiConsumer;

/** Keeps what happened to public addresses over a restart of the daemon. Port; owner thread. */
public interface AddressDiary {
  /** It is lost with the daemon. */
  AddressDiary NONE =
      new AddressDiary() {
        @Override
        public void write(InetAddress address, AddressStory.Event event) {
          // Nobody wants to know.
        }

        @Override
        public void read(BiConsumer<InetAddress, AddressStory.Event> reader) {
          // There is nothing.
        }
      };

  /** Must not wait for a disk. */
  void write(InetAddress address, AddressStory.Event event);

  /** What an earlier life has written, the oldest first. */
  void read(BiConsumer<InetAddress, AddressStory.Event> reader);
}
