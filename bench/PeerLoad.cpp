// peer-load: drives every server of compare.sh in the same way, whatever its protocol, checks each reply, and prints
// one line of KEY=VALUE: replies, seconds, rate, p50_us, p99_us, and CPU microseconds per reply of server and client.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "bench/CLoadLoop.h"
#include "bench/CPeerProtocol.h"

namespace switchboard::bench {
namespace {

struct SOptions {
  SLoadPlan plan;
  std::string protocol = "packet";
  uint16_t msgCode = 7;
  size_t bodyBytes = 56;
  double warmupSeconds = 0.5;
  double seconds = 2;
  std::vector<pid_t> serverPids;
};

// CPU time that the processes have used so far, all their threads, user and system, in microseconds.
double CpuMicroseconds(const std::vector<pid_t>& pids) {
  double sum = 0;
  for (const pid_t pid : pids) {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
      throw std::runtime_error(fmt::format("no process {}", pid));
    }
    sum += static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
  }
  return sum;
}

MonotonicTime After(double seconds) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<MonotonicTime::duration>(std::chrono::duration<double>(seconds));
}

void Run(const SOptions& options) {
  const auto p_protocol = CPeerProtocol::Make(options.protocol, options.bodyBytes, options.msgCode);
  CLoadLoop loop(options.plan, *p_protocol);
  loop.Start();
  loop.RunUntil(After(options.warmupSeconds));
  loop.Reset();

  const MonotonicTime begin = std::chrono::steady_clock::now();
  const double serverBefore = CpuMicroseconds(options.serverPids);
  const double clientBefore = CpuMicroseconds({0});
  loop.RunUntil(After(options.seconds));
  const double serverCpu = CpuMicroseconds(options.serverPids) - serverBefore;
  const double clientCpu = CpuMicroseconds({0}) - clientBefore;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;

  if (loop.Replies() == 0) throw std::runtime_error("no replies");
  const auto replies = static_cast<double>(loop.Replies());
  const auto percentile = [&](double percent) { return static_cast<double>(loop.Latencies().ValueAt(percent)) / 1e3; };
  fmt::print(
      "replies={} seconds={:.3f} rate={:.0f} p50_us={:.1f} p99_us={:.1f} server_cpu_us={:.4f} client_cpu_us={:.4f}\n",
      loop.Replies(), elapsed.count(), replies / elapsed.count(), percentile(50), percentile(99), serverCpu / replies,
      clientCpu / replies);
}

}  // namespace
}  // namespace switchboard::bench

int main(int argc, char** argv) try {
  using switchboard::bench::CPeerProtocol;
  switchboard::bench::SOptions options;
  CLI::App app("Drives one server with a closed loop, and prints one line about it.", "peer-load");
  app.add_option("--port", options.plan.port, "The server's, on 127.0.0.1")->required();
  app.add_option("--protocol", options.protocol, std::string(CPeerProtocol::kNames))->capture_default_str();
  app.add_option("--code", options.msgCode, "msgCode of packets")->capture_default_str();
  app.add_option("--connections", options.plan.connections)->check(CLI::Range(1, 19000))->capture_default_str();
  app.add_option("--depth", options.plan.depth, "Requests in flight on each")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--body", options.bodyBytes, "Bytes of a body, at least 8")->capture_default_str();
  app.add_option("--warmup", options.warmupSeconds, "Seconds that don't count")->capture_default_str();
  app.add_option("--duration", options.seconds, "Seconds that count")->capture_default_str();
  app.add_option("--pids", options.serverPids, "Processes whose CPU time is the server's")->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  switchboard::bench::Run(options);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "peer-load: {}\n", error.what());
  return 1;
}
