package io.jctdb.iptakeover;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.HostableAddresses;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A node at a remote site tells every member of the main site which public addresses it could host,
 * and binds itself: it takes none that is missing in a list by which one of them may go. Whoever of
 * them leads then gives away all other addresses without asking this node ({@link BoundLists}).
 *
 * <p>Which list another member goes by is known only when it has answered. Until then it may be the
 * new one or any before it, of this life; or none, and who has none asks. So what is in the first
 * list can be taken at once, and what is added later when all have confirmed it, or have left the
 * epoch: a member that was out of it has forgotten every list.
 *
 * <p>A node of the main site publishes nothing, and takes what it is told to.
 *
 * <p>Owner thread.
 */
public final class PublishedList {
  private static final Duration RETRY_PAUSE = Duration.ofSeconds(1);

  /** An answer may wait for the end of a takeover run; after this time it is asked for again. */
  private static final Duration ANSWER_MAX = Duration.ofSeconds(10);

  private final int self;
  private final Supplier<Set<InetAddress>> addresses;
  private final Scheduler scheduler;
  private final AddressListener listener;
  private @Nullable NodeControls controls;

  /** Of this node; none of this class's business unless it is a remote member. */
  private long life;

  private long version;
  private Set<InetAddress> published = Set.of();

  /** The members of the main site. */
  private SortedSet<Integer> readers = new TreeSet<>();

  /** What is in every list that a reader may go by; nothing about one that can have none yet. */
  private final Map<Integer, Set<InetAddress>> sure = new HashMap<>();

  /** Who is known to go by which version. */
  private final Map<Integer, Long> confirmed = new HashMap<>();

  /** To whom something was sent that is not answered, and in which call. */
  private final Map<Integer, Long> sent = new HashMap<>();

  private long calls;

  private Scheduler.@Nullable Timer retry;

  /**
   * @param addresses that this node could host, or has, at any time
   */
  PublishedList(
      int self,
      Supplier<Set<InetAddress>> addresses,
      Scheduler scheduler,
      AddressListener listener) {
    this.self = self;
    this.addresses = addresses;
    this.scheduler = scheduler;
    this.listener = listener;
  }

  /**
   * An epoch begins with this node as a member at a remote site.
   *
   * @param ownLife incarnation of this node
   * @param mainSite who shall know the list
   */
  public void begin(NodeControls through, long ownLife, Set<Integer> mainSite) {
    controls = through;
    if (life != ownLife) {
      // Who has promised this epoch has forgotten what an earlier life was bound to.
      life = ownLife;
      sure.clear();
    }
    readers = new TreeSet<>(mainSite);
    sure.keySet().retainAll(readers);
    confirmed.clear();
    sent.clear();
    publish();
  }

  /** This node is no remote member, or no member at all: it has nothing. */
  public void end() {
    readers = new TreeSet<>();
    sure.clear();
    confirmed.clear();
    sent.clear();
  }

  /** There is a link to a node, which may have begun anew. */
  public void linkUp(int pnn) {
    confirmed.remove(pnn);
    publish();
  }

  /** The addresses that this node could host may have changed. */
  void changed() {
    publish();
  }

  /** Whether nobody who leads could give the address to another node without asking this one. */
  boolean mayTake(InetAddress address) {
    return sure.values().stream().allMatch(list -> list.contains(address));
  }

  private void publish() {
    NodeControls through = controls;
    if (through == null || readers.isEmpty()) {
      return;
    }
    Set<InetAddress> now = Set.copyOf(addresses.get());
    if (version == 0 || !now.equals(published)) {
      version++;
      published = now;
    }
    for (int pnn : readers) {
      if (!sent.containsKey(pnn) && confirmed.getOrDefault(pnn, 0L) < version) {
        publish(through, pnn);
      }
    }
  }

  private void publish(NodeControls through, int pnn) {
    HostableAddresses list = new HostableAddresses(self, life, version, published);
    long call = ++calls;
    sent.put(pnn, call);
    Set<InetAddress> both = new HashSet<>(published);
    both.retainAll(sure.getOrDefault(pnn, published));
    sure.put(pnn, both);
    through.call(
        pnn,
        Control.HOSTABLE_ADDRESSES,
        0,
        list.encode(),
        (status, data) -> answered(pnn, call, list, status));
    scheduler.after(ANSWER_MAX, () -> answered(pnn, call, list, -1));
  }

  private void answered(int pnn, long call, HostableAddresses list, int status) {
    if (!sent.remove(pnn, call)) {
      return; // something newer is on its way
    }
    if (status != 0) {
      retryLater();
      return;
    }
    Set<InetAddress> before = sure.getOrDefault(pnn, Set.of());
    boolean more = !before.containsAll(list.addresses());
    sure.put(pnn, list.addresses());
    confirmed.put(pnn, list.version());
    if (more) {
      listener.takeoverRunWanted("the main site knows that more addresses can be hosted here");
    }
    publish();
  }

  private void retryLater() {
    if (retry == null) {
      retry =
          scheduler.after(
              RETRY_PAUSE,
              () -> {
                retry = null;
                publish();
              });
    }
  }
}
