package io.jctdb.tests;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Which room may know which: the dependency directions of docs/architecture.md. */
class HouseTest {
  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.jctdb");

  private static final String PROTOCOL = "io.jctdb.protocol..";
  private static final String LINUX = "io.jctdb.linux..";
  private static final String STORE = "io.jctdb.store..";
  private static final String DATABASE = "io.jctdb.database..";
  private static final String RECOVERY = "io.jctdb.recovery..";
  private static final String LINK = "io.jctdb.wanlink..";
  private static final String TAKEOVER = "io.jctdb.iptakeover..";
  private static final String EVENTS = "io.jctdb.eventscripts..";
  private static final String DAEMON = "io.jctdb.daemon..";
  private static final String CLI = "io.jctdb.cli..";

  @Test
  void protocolAndLinuxKnowNobody() {
    onlyKnows(PROTOCOL);
    onlyKnows(LINUX);
  }

  @Test
  void storesKnowTheProtocolsDataTypesAndTheKernel() {
    onlyKnows(STORE, PROTOCOL, LINUX);
  }

  @Test
  void theEngineKnowsOnlyDataTypesAndTheStorePort() {
    onlyKnows(DATABASE, PROTOCOL, STORE);
    noClasses()
        .that()
        .resideInAPackage(DATABASE)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.jctdb.store.tdb..", "io.jctdb.store.mapdb..")
        .check(HOUSE);
  }

  @Test
  void theEngineDoesNoInputOrOutputAndKeepsNoTime() {
    noClasses()
        .that()
        .resideInAPackage(DATABASE)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.net..",
            "java.nio.channels..",
            "java.nio.file..",
            "java.util.concurrent.locks..",
            "io.netty..",
            "org.apache..")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(Math.class, "random")
        .check(HOUSE);
  }

  @Test
  void adaptersDoNotKnowEachOther() {
    onlyKnows(LINK, PROTOCOL, LINUX);
    onlyKnows(RECOVERY, PROTOCOL, DATABASE, STORE);
    onlyKnows(TAKEOVER, PROTOCOL, LINUX);
    onlyKnows(EVENTS, PROTOCOL, LINUX);
  }

  @Test
  void theToolDoesNotLoadTheDaemon() {
    onlyKnows(CLI, PROTOCOL, LINUX);
  }

  @Test
  void onlyTheDaemonKnowsThemAll() {
    noClasses()
        .that()
        .resideInAnyPackage(PROTOCOL, LINUX, STORE, DATABASE, RECOVERY, LINK, TAKEOVER, EVENTS, CLI)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(DAEMON)
        .check(HOUSE);
  }

  @Test
  void nativeCallsLiveInOneRoom() {
    noClasses()
        .that()
        .resideOutsideOfPackages(LINUX, STORE)
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.Linker")
        .check(HOUSE);
  }

  @Test
  void modulesFormNoCycle() {
    slices().matching("io.jctdb.(*)..").should().beFreeOfCycles().check(HOUSE);
  }

  @Test
  void theEnginesPartsKnowOnlyThoseBelow() {
    String ports = "io.jctdb.database";
    String message = ports + ".message..";
    String epoch = ports + ".epoch..";
    String record = ports + ".record..";
    onlyKnows(ports, PROTOCOL, STORE);
    onlyKnows(message, ports, PROTOCOL, STORE);
    onlyKnows(epoch, message, ports, PROTOCOL, STORE);
    onlyKnows(record, message, epoch, ports, PROTOCOL, STORE);
    onlyKnows(ports + ".commit..", message, epoch, record, ports, PROTOCOL, STORE);
    onlyKnows(ports + ".traverse..", message, epoch, record, ports, PROTOCOL, STORE);
  }

  private static void onlyKnows(String room, String... others) {
    String[] allowed = new String[others.length + 1];
    allowed[0] = room;
    System.arraycopy(others, 0, allowed, 1, others.length);
    classes()
        .that()
        .resideInAPackage(room)
        .should()
        .onlyDependOnClassesThat(
            com.tngtech.archunit.base.DescribedPredicate.or(
                com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage(allowed),
                com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage(
                    "io.jctdb..")))
        .check(HOUSE);
  }
}
