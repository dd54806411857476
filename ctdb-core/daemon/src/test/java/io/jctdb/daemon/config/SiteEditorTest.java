package io.jctdb.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node's site is changed in the file that an administrator has written. */
class SiteEditorTest {
  @TempDir private Path base;
  private Paths paths;

  @BeforeEach
  void directories() throws ConfigException {
    paths = Paths.of(Map.of("CTDB_TEST_MODE", "1", "CTDB_BASE", base.toString()), Optional.empty());
  }

  private boolean set(String site) throws ConfigException, IOException {
    return new SiteEditor(paths)
        .set(site, conf -> assertThat(conf.jctdb().site().name()).isEqualTo(site));
  }

  @Test
  void onlyTheOneLineChanges() throws Exception {
    Files.writeString(
        paths.conf(),
        """
        # ours
        [cluster]
            recovery lock = /x

        [jctdb]
            # where it stands
            site = branch
            wan bandwidth kbit = 1000
        """);
    Files.setPosixFilePermissions(paths.conf(), PosixFilePermissions.fromString("rw-r-----"));
    assertThat(set("island")).isTrue();
    assertThat(paths.conf())
        .hasContent(
            """
            # ours
            [cluster]
                recovery lock = /x

            [jctdb]
                # where it stands
                site = island
                wan bandwidth kbit = 1000
            """);
    assertThat(Files.getPosixFilePermissions(paths.conf()))
        .isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
    try (var files = Files.list(base)) {
      assertThat(files).as("nothing else is left").containsExactly(paths.conf());
    }
  }

  @Test
  void aLineThatIsMissingIsAdded() throws Exception {
    Files.writeString(paths.conf(), "[jctdb]\n  wan compression = false\n");
    set("branch");
    assertThat(paths.conf()).hasContent("[jctdb]\n  site = branch\n  wan compression = false\n");
    Files.writeString(paths.conf(), "[cluster]\n");
    set("branch");
    assertThat(paths.conf()).hasContent("[cluster]\n\n[jctdb]\n  site = branch\n");
    Files.delete(paths.conf());
    set("branch");
    assertThat(paths.conf()).hasContent("[jctdb]\n  site = branch\n");
  }

  @Test
  void aLinkToTheFileStaysOne() throws Exception {
    Path real = Files.writeString(base.resolve("real.conf"), "[jctdb]\n");
    Files.createSymbolicLink(paths.conf(), real);
    set("branch");
    assertThat(paths.conf()).isSymbolicLink();
    assertThat(real).hasContent("[jctdb]\n  site = branch\n");
  }

  @Test
  void whatItSaysAlreadyIsNotWritten() throws Exception {
    Files.writeString(paths.conf(), "[jctdb]\n  site   =   branch");
    assertThat(set("branch")).isFalse();
    assertThat(paths.conf()).hasContent("[jctdb]\n  site   =   branch");
  }

  @Test
  void whatTheDaemonWouldNotStartWithIsNotWritten() throws Exception {
    Files.writeString(paths.conf(), "[jctdb]\n  site = branch\n");
    assertThatThrownBy(() -> set("no good")).hasMessageContaining("cannot be the name of a site");
    assertThatThrownBy(() -> set("")).isInstanceOf(ConfigException.class);
    assertThatThrownBy(
            () ->
                new SiteEditor(paths)
                    .set(
                        "main",
                        conf -> {
                          throw new ConfigException(
                              ConfigProblem.ofFile(paths.conf(), "names every node", "leave some"));
                        }))
        .hasMessageContaining("names every node");
    assertThat(paths.conf()).hasContent("[jctdb]\n  site = branch\n");
  }
}
