package io.jctdb.protocol;

import java.util.List;

/** GET_ALL_TUNABLES: 62 values in the order of {@link #NAMES} (client-protocol.md 4.12). */
public record TunableList(List<Integer> values) {
  /** All names that were ever used, obsolete ones included. */
  public static final List<String> NAMES =
      List.of(
          "MaxRedirectCount",
          "SeqnumInterval",
          "ControlTimeout",
          "TraverseTimeout",
          "KeepaliveInterval",
          "KeepaliveLimit",
          "RecoverTimeout",
          "RecoverInterval",
          "ElectionTimeout",
          "TakeoverTimeout",
          "MonitorInterval",
          "TickleUpdateInterval",
          "EventScriptTimeout",
          "MonitorTimeoutCount",
          "EventScriptUnhealthyOnTimeout",
          "RecoveryGracePeriod",
          "RecoveryBanPeriod",
          "DatabaseHashSize",
          "DatabaseMaxDead",
          "RerecoveryTimeout",
          "EnableBans",
          "DeterministicIPs",
          "ReclockPingPeriod",
          "NoIPFailback",
          "DisableIPFailover",
          "VerboseMemoryNames",
          "RecdPingTimeout",
          "RecdFailCount",
          "LogLatencyMs",
          "RecLockLatencyMs",
          "RecoveryDropAllIPs",
          "VerifyRecoveryLock",
          "VacuumInterval",
          "VacuumMaxRunTime",
          "RepackLimit",
          "VacuumLimit",
          "MaxQueueDropMsg",
          "AllowUnhealthyDBRead",
          "StatHistoryInterval",
          "DeferredAttachTO",
          "VacuumFastPathCount",
          "LCP2PublicIPs",
          "AllowClientDBAttach",
          "RecoverPDBBySeqNum",
          "DeferredRebalanceOnNodeAdd",
          "FetchCollapse",
          "HopcountMakeSticky",
          "StickyDuration",
          "StickyPindown",
          "NoIPTakeover",
          "DBRecordCountWarn",
          "DBRecordSizeWarn",
          "DBSizeWarn",
          "PullDBPreallocation",
          "NoIPHostOnAllDisabled",
          "Samba3AvoidDeadlocks",
          "TDBMutexEnabled",
          "LockProcessesPerDB",
          "RecBufferSizeLimit",
          "QueueBufferSize",
          "IPAllocAlgorithm",
          "AllowMixedVersions");

  public TunableList {
    values = List.copyOf(values);
    if (values.size() != NAMES.size()) {
      throw new IllegalArgumentException(values.size() + " tunables, not " + NAMES.size());
    }
  }

  public static TunableList decode(byte[] bytes) {
    return ByteReader.whole(
        bytes, in -> new TunableList(in.elements(NAMES.size(), 4, ByteReader::u32)));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(4 * NAMES.size());
    return out.elements(values, (value, to) -> to.u32(value)).toBytes();
  }
}
