package io.jctdb.iptakeover;

import io.jctdb.linux.LinkAddress;
import io.jctdb.protocol.NumericAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the lifetimes of this node's public addresses on a thread of its own, so that nothing else
 * that the daemon does can delay them. See {@link AddressLease} for the arithmetic.
 *
 * <p>When the lease has run out nothing is renewed, and the kernel removes the addresses, even if
 * the daemon never runs again. An address that somebody removed, or that expired because a renewal
 * came late, is not put back here but reported.
 *
 * <p>Threading: any thread. Give it a {@link KernelAddresses} of its own.
 */
public final class AddressLeases implements AddressKeeper, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AddressLeases.class);

  private final KernelAddresses kernel;
  private final AddressLease lease;
  private final LongSupplier leaseNanosLeft;
  private final Runnable missing;
  private final Set<InetAddress> held = new HashSet<>();

  /** Held during every change in the kernel, so that letting go excludes a renewal under way. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param leaseNanosLeft of this member, asked right before each renewal, from any thread
   * @param missing told on the thread of this class when an address that is held is not there,
   *     though the lease is good; also while it is just being added
   */
  public AddressLeases(
      KernelAddresses kernel, AddressLease lease, LongSupplier leaseNanosLeft, Runnable missing) {
    this.missing = missing;
    this.kernel = kernel;
    this.lease = lease;
    this.leaseNanosLeft = leaseNanosLeft;
    this.thread = Thread.ofPlatform().name("address-leases").daemon().unstarted(this::renewals);
  }

  /** Begins to renew. */
  public void start() {
    thread.start();
  }

  @Override
  public boolean mayTake() {
    return lease.validSeconds(leaseNanosLeft.getAsLong()) > 0;
  }

  @Override
  public void hold(InetAddress address) {
    lock.lock();
    try {
      held.add(address);
      renew(Set.of(address));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void letGo(InetAddress address) {
    lock.lock();
    try {
      held.remove(address);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void releaseAllNow() {
    lock.lock();
    try {
      Set<InetAddress> all = Set.copyOf(held);
      held.clear();
      if (!all.isEmpty()) {
        removeAll(all);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Renews once; what the thread does every {@link AddressLease#RENEWAL_INTERVAL}. */
  void renewAll() {
    boolean complete = true;
    lock.lock();
    try {
      if (!held.isEmpty()) {
        complete = renew(held);
      }
    } finally {
      lock.unlock();
    }
    if (!complete && mayTake()) {
      missing.run();
    }
  }

  /** Stops renewing. Addresses that are still held expire. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }

  private void renewals() {
    while (!closed) {
      try {
        renewAll();
        TimeUnit.NANOSECONDS.sleep(AddressLease.RENEWAL_INTERVAL.toNanos());
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        // Whatever it is, the next round must come: without it the addresses are lost.
        LOG.error("Renewing the lifetimes of public addresses failed", e);
      }
    }
  }

  /** Returns false if one of them is not there. */
  private boolean renew(Set<InetAddress> addresses) {
    Set<InetAddress> absent = new HashSet<>(addresses);
    try {
      for (LinkAddress found : kernel.list()) {
        if (!addresses.contains(found.address())) {
          continue;
        }
        absent.remove(found.address());
        // Asked for each address: listing and renewing many takes time, in which the lease runs on.
        long seconds = lease.validSeconds(leaseNanosLeft.getAsLong());
        if (seconds > 0) {
          setLifetime(found, seconds);
        } else if (found.validSeconds() == LinkAddress.FOREVER) {
          // Added by a foreign script without a lifetime: it must not stay for ever.
          setLifetime(found, 1);
        }
      }
    } catch (IOException e) {
      LOG.error("Cannot renew the lifetimes of public addresses; they will expire: {}", text(e));
      return true;
    }
    return absent.isEmpty();
  }

  private void setLifetime(LinkAddress address, long seconds) {
    try {
      kernel.setLifetime(address, seconds);
    } catch (IOException e) {
      LOG.error("A public address is not renewed and will expire: {}", text(e));
    }
  }

  private void removeAll(Set<InetAddress> addresses) {
    List<LinkAddress> present;
    try {
      present = kernel.list();
    } catch (IOException e) {
      LOG.error("Cannot remove public addresses, they expire by themselves: {}", text(e));
      return;
    }
    for (LinkAddress address : present) {
      if (!addresses.contains(address.address())) {
        continue;
      }
      try {
        kernel.delete(address);
        LOG.warn("Removed public address {} at once", NumericAddress.toString(address.address()));
      } catch (IOException e) {
        LOG.error("A public address cannot be removed, it expires by itself: {}", text(e));
      }
    }
  }

  private static String text(IOException e) {
    return String.valueOf(e.getMessage());
  }
}
