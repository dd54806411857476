package io.jctdb.eventscripts;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;

/**
 * A program of its own, for a network of its own: one connection to port 445 and one to 2049 of
 * 10.0.0.1 from 10.0.0.77; then a command; then what each end has heard of it.
 */
final class TwoConnections {
  private static final int SILENCE_MS = 300;

  private TwoConnections() {}

  public static void main(String[] command) throws Exception {
    try (Ends smb = new Ends(445);
        Ends nfs = new Ends(2049)) {
      int status = new ProcessBuilder(command).inheritIO().start().waitFor();
      System.out.println("status " + status);
      System.out.println("smb client " + heard(smb.client) + ", server " + heard(smb.server));
      System.out.println("nfs client " + heard(nfs.client) + ", server " + heard(nfs.server));
    }
  }

  private static final class Ends implements AutoCloseable {
    final ServerSocket listener;
    final Socket client;
    final Socket server;

    Ends(int port) throws IOException {
      InetAddress address = InetAddress.ofLiteral("10.0.0.1");
      listener = new ServerSocket(port, 1, address);
      client = new Socket();
      client.bind(new InetSocketAddress(InetAddress.ofLiteral("10.0.0.77"), 0));
      client.connect(new InetSocketAddress(address, port));
      server = listener.accept();
    }

    @Override
    public void close() throws IOException {
      client.close();
      server.close();
      listener.close();
    }
  }

  private static String heard(Socket end) throws IOException {
    end.setSoTimeout(SILENCE_MS);
    try {
      return end.getInputStream().read() < 0 ? "closed" : "data";
    } catch (SocketTimeoutException _) {
      return "nothing";
    } catch (IOException _) {
      return "killed";
    }
  }
}
