#include "client-sim/command/TransferCommands.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "client-sim/base/Numbers.h"
#include "client-sim/base/Text.h"
#include "client-sim/options/COptions.h"
#include "client-sim/options/CommandLine.h"
#include "client-sim/report/CProgress.h"
#include "client-sim/transfer/CGetRun.h"
#include "client-sim/transfer/CPutRun.h"
#include "client-sim/transfer/TransferOptions.h"

namespace switchboard::sim {
namespace {

// Of a listing, which is sorted as a whole: some 50 MB.
constexpr size_t kMaxEntries = 250'000;

constexpr const char* kExitCodes =
    "Exit codes: 0 well; 1 the server or the local disk refused, or the contents differ; 2 bad arguments;\n"
    "3 could not connect, or the connection was lost too often.";

void DeclareServer(CLI::App& app, STransferOptions& options) {
  app.add_option("--connect", options.server, "The server")->required()->type_name("HOST:PORT");
  app.add_option("--retries", options.retries, "Lost connections in a row, without progress, that are borne")
      ->type_name("N")
      ->capture_default_str();
  AddRead(
      app, "--patience", options.patience,
      [](const std::string& text) {
        return std::max(std::chrono::ceil<std::chrono::milliseconds>(Duration(text)), std::chrono::milliseconds(1));
      },
      "How long the server may say nothing", "TIME")
      ->default_str("10s");
}

void DeclareTransfer(CLI::App& app, STransferOptions& options) {
  DeclareServer(app, options);
  const auto addNo = [&app](const char* p_name, bool& target, const char* p_meaning) {
    app.add_flag_callback(
        p_name, [&target] { target = false; }, p_meaning);
  };
  addNo("--no-resume", options.isResuming, "Begin anew, whatever an earlier run has left behind");
  addNo("--no-verify", options.isVerifying, "Don't compare the SHA-256 of both sides");
  addNo("--no-clobber", options.isReplacing, "Fail if the file is there already");
  app.add_flag("--quiet", options.isQuiet, "Print nothing unless it fails");
  app.footer(kExitCodes);
}

// Runs it, and turns what it throws into the exit code. `end` is called in any case.
int Guarded(
    const std::function<void()>& run, const std::function<void()>& end = [] {}) {
  const auto fail = [&end](const std::exception& error, int exitCode) {
    end();
    fmt::print(stderr, "client-sim: {}\n", error.what());
    return exitCode;
  };
  try {
    run();
  } catch (const std::invalid_argument& error) {
    return fail(error, kExitUsage);
  } catch (const CLinkLost& error) {
    return fail(error, kExitNoConnection);
  } catch (const std::runtime_error& error) {
    return fail(error, kExitFaults);
  }
  end();
  return kExitOk;
}

// Gets or puts, and says what was done.
template <class Run>
int Transfer(const STransferOptions& options, const char* p_done) {
  const CClock clock;
  CProgress progress(
      options.isQuiet ? SLiveOutput{[](std::string_view) { return true; }, nullptr} : SLiveOutput::Standard(), clock);
  Run run(options, progress);
  const int exitCode = Guarded([&run] { run.Execute(); }, [&progress] { progress.End(); });
  if (exitCode != kExitOk || options.isQuiet) return exitCode;
  const uint64_t moved = run.Bytes() - run.BytesBefore();
  const double seconds = progress.Seconds();
  std::string line = fmt::format("{} {}: {} bytes", p_done, options.remote, WithCommas(run.Bytes()));
  if (run.BytesBefore() > 0) line += fmt::format(", of them {} before", WithCommas(run.BytesBefore()));
  line +=
      fmt::format(", in {:.2f} s ({})", seconds, ByteRateText(static_cast<double>(moved) / std::max(seconds, 1e-9)));
  if (options.isVerifying) line += "\nSHA-256 agrees: " + CDigest::Hex(run.Sha256());
  Print(line + "\n");
  return exitCode;
}

std::string LastNameOf(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  if (name.empty()) throw std::invalid_argument(fmt::format("'{}' ends in no file name", path));
  return name;
}

// What a terminal would take for a command becomes \xNN.
std::string Printable(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text;
}

std::string EntryLine(const SRemoteEntry& entry) {
  const auto seconds = static_cast<std::time_t>(entry.file.modified / 1'000'000'000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  const std::string size = entry.file.isFile ? WithCommas(entry.file.size) : entry.file.isDirectory ? "dir" : "other";
  return fmt::format("{:>20}  {:%Y-%m-%d %H:%M}  {}{}\n", size, local, Printable(entry.name),
                     entry.file.isDirectory ? "/" : "");
}

void ListInto(const STransferOptions& options, std::vector<SRemoteEntry>& entries) {
  CAttempts attempts(options);
  attempts.Run(
      [&](CTransferClient& client) {
        entries.clear();
        const CTransferClient::SOpened opened = client.Open(options.remote);
        if (!opened.file.isDirectory) entries.push_back({options.remote, opened.file});
        if (!opened.file.isDirectory) return;
        for (;;) {
          const std::vector<SRemoteEntry> page = client.List(opened.handle);
          if (page.empty()) return;
          entries.insert(entries.end(), page.begin(), page.end());
          if (entries.size() > kMaxEntries) {
            throw std::runtime_error(fmt::format("the directory has more than {} entries", WithCommas(kMaxEntries)));
          }
        }
      },
      [] { return 0; });
}

}  // namespace

int GetCommand(int argc, char** argv) {
  STransferOptions options;
  CLI::App app("Gets a file, checks it, and goes on where it was broken off.", "client-sim get");
  app.add_option("remote", options.remote, "Its path on the server")->required()->type_name("PATH");
  app.add_option("local", options.local, "The file here, or its directory; else the same name here")
      ->type_name("LOCAL");
  DeclareTransfer(app, options);
  int exitCode = kExitOk;
  if (!Parse(app, argc, argv, exitCode)) return exitCode;
  if (options.local.empty()) options.local = LastNameOf(options.remote);
  if (std::filesystem::is_directory(options.local)) options.local += "/" + LastNameOf(options.remote);
  return Transfer<CGetRun>(options, "got");
}

int PutCommand(int argc, char** argv) {
  STransferOptions options;
  CLI::App app("Puts a file, checks it, and goes on where it was broken off.", "client-sim put");
  app.add_option("local", options.local, "The file here")->required()->type_name("LOCAL");
  app.add_option("remote", options.remote, "Its path on the server; else the same name at the top")->type_name("PATH");
  DeclareTransfer(app, options);
  int exitCode = kExitOk;
  if (!Parse(app, argc, argv, exitCode)) return exitCode;
  if (options.remote.empty()) options.remote = LastNameOf(options.local);
  if (options.remote.ends_with('/')) options.remote += LastNameOf(options.local);
  return Transfer<CPutRun>(options, "put");
}

int ListCommand(int argc, char** argv) {
  STransferOptions options;
  options.remote = ".";
  CLI::App app("Lists a directory of the server: size, time, name.", "client-sim ls");
  app.add_option("path", options.remote, "The directory, or a file")->type_name("PATH")->capture_default_str();
  DeclareServer(app, options);
  app.footer(kExitCodes);
  int exitCode = kExitOk;
  if (!Parse(app, argc, argv, exitCode)) return exitCode;
  std::vector<SRemoteEntry> entries;
  exitCode = Guarded([&] { ListInto(options, entries); });
  if (exitCode != kExitOk) return exitCode;
  std::sort(entries.begin(), entries.end(),
            [](const SRemoteEntry& left, const SRemoteEntry& right) { return left.name < right.name; });
  std::string text;
  for (const SRemoteEntry& entry : entries) text += EntryLine(entry);
  Print(text);
  return kExitOk;
}

int HashCommand(int argc, char** argv) {
  STransferOptions options;
  bool isMd5 = false;
  CLI::App app("Prints the digest of a file of the server, as sha256sum and md5sum do.", "client-sim hash");
  app.add_option("path", options.remote, "The file")->required()->type_name("PATH");
  app.add_flag("--md5", isMd5, "MD5 instead of SHA-256");
  DeclareServer(app, options);
  app.footer(kExitCodes);
  int exitCode = kExitOk;
  if (!Parse(app, argc, argv, exitCode)) return exitCode;
  return Guarded([&] {
    CTransferClient::SHashes hashes;
    CAttempts attempts(options);
    attempts.Run([&](CTransferClient& client) { hashes = client.Hash(client.Open(options.remote).handle, isMd5); },
                 [] { return 0; });
    const std::string digest = isMd5 ? CDigest::Hex(hashes.md5) : CDigest::Hex(hashes.sha256);
    Print(fmt::format("{}  {}\n", digest, Printable(options.remote)));
  });
}

}  // namespace switchboard::sim
