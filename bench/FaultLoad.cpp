// fault-load: clients that want to notice nothing of what happens to their server; faults.sh drives Switchboard and
// nginx with them in the same way. Ends at SIGTERM or SIGINT, when every request is answered, and prints the counts as
// one line of JSON.

#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "bench/CFaultClient.h"
#include "misc/thread/CThread.h"

namespace switchboard::bench {
namespace {

struct SOptions {
  SFaultPlan plan;
  std::string protocol = "packet";
  uint32_t connections = 20;
  uint32_t streams = 1;
  double pace = 0.01;
  double newPace = 0.005;
  double patience = 10;
};

void Print(const SFaultCounts& counts) {
  fmt::print(
      "{{\"requests\": {}, \"replies\": {}, \"wrong\": {}, \"lost\": {}, \"ended\": {}, \"left\": {}, "
      "\"connects\": {}, \"refused\": {}, \"failed\": {}, \"cut\": {}, \"longest_ms\": {:.1f}}}\n",
      counts.requests.load(), counts.replies.load(), counts.wrong.load(), counts.lost.load(), counts.ended.load(),
      counts.left.load(), counts.connects.load(), counts.refused.load(), counts.failed.load(), counts.cut.load(),
      static_cast<double>(counts.longestNs.load()) / 1e6);
}

// Until a signal, or until the clients have ended by themselves.
void Run(const SOptions& options) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const CFd stop(eventfd(0, EFD_CLOEXEC));
  const auto p_protocol = CFaultProtocol::Make(options.protocol);
  SFaultCounts counts;
  std::atomic<bool> isStopping{false};
  std::atomic<uint32_t> running{options.connections + options.streams};
  std::vector<CThread> threads;
  for (uint32_t i = 0; i < options.connections + options.streams; ++i) {
    threads.emplace_back("client", [&, i] {
      CFaultClient client(options.plan, *p_protocol, counts, isStopping, stop.Get(), i);
      i < options.connections ? client.Stay() : client.ConnectAnew();
      // Wakes the main thread, as the operator would.
      if (--running == 0) kill(getpid(), SIGTERM);
    });
  }
  int signal = 0;
  sigwait(&signals, &signal);
  isStopping = true;
  eventfd_write(stop.Get(), 1);
  threads.clear();
  Print(counts);
}

}  // namespace
}  // namespace switchboard::bench

int main(int argc, char** argv) try {
  using switchboard::bench::CFaultProtocol;
  switchboard::bench::SOptions options;
  CLI::App app("Clients that notice every fault of their server; ends at SIGTERM with one line of counts.",
               "fault-load");
  app.add_option("--port", options.plan.port, "The server's, on 127.0.0.1")->required();
  app.add_option("--protocol", options.protocol, std::string(CFaultProtocol::kNames))->capture_default_str();
  app.add_option("--connections", options.connections, "Clients that stay")->capture_default_str();
  app.add_option("--streams", options.streams, "Clients that connect anew for each request")->capture_default_str();
  app.add_option("--pace", options.pace, "Seconds from request to request of a client that stays")
      ->capture_default_str();
  app.add_option("--new-pace", options.newPace, "Seconds from connect to connect")->capture_default_str();
  app.add_option("--patience", options.patience, "Seconds for an answer")->capture_default_str();
  app.add_flag("--until-refused", options.plan.isUntilRefused, "The first refused connect ends the run");
  CLI11_PARSE(app, argc, argv);
  const auto micros = [](double seconds) { return std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6)); };
  options.plan.pace = micros(options.pace);
  options.plan.newPace = micros(options.newPace);
  options.plan.patience = std::chrono::duration_cast<std::chrono::milliseconds>(micros(options.patience));
  switchboard::bench::Run(options);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "fault-load: {}\n", error.what());
  return 1;
}
