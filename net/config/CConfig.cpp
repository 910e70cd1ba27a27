#include "net/config/CConfig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>
#include <type_traits>

#include "misc/CFd.h"
#include "misc/UsableCores.h"

namespace switchboard {

namespace {

// ---- The kinds of values ----

// Finds the member that a key sets; `listener` counts for the keys of [[listener]] only.
template <class T>
using Field = std::function<T&(SConfig& config, size_t listener)>;

template <class TSection, class T>
Field<T> Of(TSection SConfig::*p_section, T TSection::*p_member) {
  return [=](SConfig& config, size_t) -> T& { return config.*p_section.*p_member; };
}

template <class T>
Field<T> Of(T SHttpConfig::*p_member) {
  return [=](SConfig& config, size_t listener) -> T& { return config.listeners[listener].http.*p_member; };
}

template <class T>
Field<T> Of(T SListenerConfig::*p_member) {
  return [=](SConfig& config, size_t listener) -> T& { return config.listeners[listener].*p_member; };
}

// What a key takes. `set` checks the value and stores it, or returns what is wrong with it.
struct SRule {
  std::string allowed;
  std::function<std::optional<std::string>(const toml::node& value, SConfig& config, size_t listener)> set;
};

std::string Show(const toml::node& value) {
  if (value.is_table()) return "a table";
  if (value.is_array()) return "an array";
  std::ostringstream text;
  text << toml::toml_formatter(value, toml::format_flags::allow_unicode_strings);
  return text.str();
}

std::string IsNot(const toml::node& value, std::string_view kind) {
  return fmt::format("{} is not {}", Show(value), kind);
}

SRule Boolean(const Field<bool>& field) {
  return {"true, false", [=](const toml::node& node, SConfig& config, size_t listener) -> std::optional<std::string> {
            const auto value = node.value_exact<bool>();
            if (!value) return IsNot(node, "a boolean");
            field(config, listener) = *value;
            return std::nullopt;
          }};
}

template <class T>
SRule Number(Field<T> field, int64_t min, int64_t max, const std::string& unit) {
  return {fmt::format("{}..{} {}", min, max, unit),
          [=](const toml::node& node, SConfig& config, size_t listener) -> std::optional<std::string> {
            const auto value = node.value_exact<int64_t>();
            if (!value) return IsNot(node, "a whole number");
            if (*value < min || *value > max) return fmt::format("{} is out of range", *value);
            field(config, listener) = static_cast<T>(*value);
            return std::nullopt;
          }};
}

SRule Milliseconds(const Field<std::chrono::milliseconds>& field, int64_t min, int64_t max) {
  return {fmt::format("{}..{} milliseconds", min, max),
          [=](const toml::node& node, SConfig& config, size_t listener) -> std::optional<std::string> {
            const auto value = node.value_exact<int64_t>();
            if (!value) return IsNot(node, "a whole number");
            if (*value < min || *value > max) return fmt::format("{} is out of range", *value);
            field(config, listener) = std::chrono::milliseconds(*value);
            return std::nullopt;
          }};
}

SRule Seconds(const Field<std::chrono::milliseconds>& field, double min, double max) {
  return {fmt::format("{}..{} seconds", min, max),
          [=](const toml::node& node, SConfig& config, size_t listener) -> std::optional<std::string> {
            const auto whole = node.value_exact<int64_t>();
            if (!whole && !node.is_floating_point()) return IsNot(node, "a number");
            const double value = whole ? static_cast<double>(*whole) : *node.value_exact<double>();
            if (!(value >= min && value <= max)) return fmt::format("{} is out of range", Show(node));
            const double milliseconds = std::round(value * 1000);
            // Rounding could make a tiny time a zero, which for some keys means "never".
            if (std::abs(value * 1000 - milliseconds) > 1e-4) {
              return fmt::format("{} is finer than a millisecond", Show(node));
            }
            field(config, listener) = std::chrono::milliseconds(static_cast<int64_t>(milliseconds));
            return std::nullopt;
          }};
}

using TextCheck = std::function<bool(const std::string&)>;

SRule Text(const Field<std::string>& field, const std::string& allowed, const TextCheck& isGood) {
  return {allowed, [=](const toml::node& node, SConfig& config, size_t listener) -> std::optional<std::string> {
            auto value = node.value_exact<std::string>();
            if (!value) return IsNot(node, "a string");
            // The system would cut a path at the NUL.
            if (value->find('\0') != std::string::npos) return fmt::format("{} holds a NUL", Show(node));
            if (!isGood(*value)) return fmt::format("{} is not allowed", Show(node));
            field(config, listener) = std::move(*value);
            return std::nullopt;
          }};
}

using TextList = std::vector<std::string>;

SRule Texts(const Field<TextList>& field, const std::string& allowed, const TextCheck& isGood) {
  return {allowed, [=](const toml::node& node, SConfig& config, size_t listener) -> std::optional<std::string> {
            const toml::array* const p_array = node.as_array();
            if (p_array == nullptr) return IsNot(node, "a list");
            TextList texts;
            for (const toml::node& item : *p_array) {
              auto value = item.value_exact<std::string>();
              if (!value) return IsNot(item, "a string");
              if (value->find('\0') != std::string::npos) return fmt::format("{} holds a NUL", Show(item));
              if (!isGood(*value)) return fmt::format("{} is not allowed", Show(item));
              texts.push_back(std::move(*value));
            }
            field(config, listener) = std::move(texts);
            return std::nullopt;
          }};
}

bool IsAnyText(const std::string&) { return true; }

bool IsFilled(const std::string& text) { return !text.empty(); }

bool IsNumericAddress(const std::string& text) {
  std::array<std::byte, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

// The name of one file in a folder.
bool IsFileName(const std::string& text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string::npos;
}

// A name as RFC 2978 section 2.3 has it, without what would need quotes in a header.
bool IsCharset(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const bool isLetterOrDigit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return isLetterOrDigit || std::string_view("!#$%&'+-^_`~.").find(c) != std::string_view::npos;
  });
}

// "Name: value", of RFC 9110 section 5, without what the server writes itself or what would break the answer.
bool IsHeader(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos) return false;
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  for (const char c : text.substr(0, colon)) {
    const bool isLetterOrDigit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!isLetterOrDigit && kSymbols.find(c) == std::string_view::npos) return false;
  }
  std::string name = text.substr(0, colon);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const char* p_own :
       {"connection", "content-length", "content-range", "content-type", "date", "transfer-encoding"}) {
    if (name == p_own) return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

template <class T>
struct SChoice {
  std::string name;
  T value;
};

// `choices` is a non-deduced context, so that a row may list them in braces.
template <class T>
SRule OneOf(Field<T> field, const std::type_identity_t<std::vector<SChoice<T>>>& choices) {
  std::string allowed;
  for (const SChoice<T>& choice : choices) {
    allowed += fmt::format("{}\"{}\"", allowed.empty() ? "" : ", ", choice.name);
  }
  return {allowed, [=](const toml::node& node, SConfig& config, size_t listener) -> std::optional<std::string> {
            const auto value = node.value_exact<std::string>();
            if (!value) return IsNot(node, "a string");
            const auto found = std::find_if(choices.begin(), choices.end(),
                                            [&](const SChoice<T>& choice) { return choice.name == *value; });
            if (found == choices.end()) return fmt::format("{} is unknown", Show(node));
            field(config, listener) = found->value;
            return std::nullopt;
          }};
}

constexpr uint32_t kMaxWorkers = 256;

uint32_t AutomaticWorkers() { return std::min(UsableCores(), kMaxWorkers); }

// Of { min = 1, max = 8, load = 0.7 }. What is left out is 1 (min), the usable cores (max), 0.7 (load).
std::optional<std::string> ReadDynamicWorkers(const toml::table& table, SDynamicWorkers& workers) {
  workers.max = AutomaticWorkers();
  for (const auto& [name, node] : table) {
    const auto number = node.value_exact<int64_t>();
    if (name == "min" || name == "max") {
      if (!number) return fmt::format("{}: {}", name.str(), IsNot(node, "a whole number"));
      if (*number < 1 || *number > kMaxWorkers) return fmt::format("{}: {} is out of range", name.str(), *number);
      (name == "min" ? workers.min : workers.max) = static_cast<uint32_t>(*number);
    } else if (name == "load") {
      const auto value = number ? std::optional<double>(static_cast<double>(*number)) : node.value_exact<double>();
      if (!value) return "load: " + IsNot(node, "a number");
      if (!(*value > 0 && *value <= 1)) return fmt::format("load: {} is out of range", Show(node));
      workers.load = *value;
    } else {
      return fmt::format("{}: unknown key", name.str());
    }
  }
  if (workers.min > workers.max) return fmt::format("min: {} is over max, {}", workers.min, workers.max);
  return std::nullopt;
}

SRule Workers() {
  const Field<uint32_t> field = Of(&SConfig::server, &SServerConfig::workers);
  SRule number = Number(field, 1, kMaxWorkers, "processes");
  return {number.allowed + ", \"auto\", or { min = 1, max = 8, load = 0.7 }",
          [=](const toml::node& node, SConfig& config, size_t listener) -> std::optional<std::string> {
            config.server.dynamic_workers.reset();
            if (const toml::table* const p_table = node.as_table(); p_table != nullptr) {
              SDynamicWorkers& dynamic = config.server.dynamic_workers.emplace();
              const std::optional<std::string> complaint = ReadDynamicWorkers(*p_table, dynamic);
              config.server.workers = dynamic.min;
              return complaint;
            }
            if (node.value_exact<std::string>() != "auto") return number.set(node, config, listener);
            field(config, listener) = AutomaticWorkers();
            return std::nullopt;
          }};
}

// ---- The table of all keys ----

struct SKey {
  std::string name;  // "section.key"
  SRule rule;

  std::string_view Section() const { return std::string_view(name).substr(0, name.find('.')); }
  std::string_view Leaf() const { return std::string_view(name).substr(name.find('.') + 1); }
};

constexpr double kDay = 86400;
constexpr double kYear = 365 * kDay;
constexpr uint32_t kMebi = 1024 * 1024;
constexpr int64_t kMaxFileBytes = int64_t{1} << 50;

// One row, one key. Defaults are those of the structs in CConfig.h.
const std::vector<SKey>& AllKeys() {
  using C = SConfig;
  using L = SListenerConfig;
  using H = SHttpConfig;
  static const std::vector<SKey> keys = {
      {"server.daemon", Boolean(Of(&C::server, &SServerConfig::daemon))},
      {"server.workers", Workers()},
      {"server.user", Text(Of(&C::server, &SServerConfig::user), "a user name, or \"\"", IsAnyText)},
      {"server.pid_file", Text(Of(&C::server, &SServerConfig::pid_file), "a path", IsFilled)},
      {"server.working_directory", Text(Of(&C::server, &SServerConfig::working_directory), "a directory", IsFilled)},
      {"server.shutdown_timeout_s", Seconds(Of(&C::server, &SServerConfig::shutdown_timeout), 0, kDay)},
      {"server.watchdog_s", Seconds(Of(&C::server, &SServerConfig::watchdog), 0, kDay)},
      {"server.start_timeout_s", Seconds(Of(&C::server, &SServerConfig::start_timeout), 0, kDay)},
      {"server.quarantine", Boolean(Of(&C::server, &SServerConfig::quarantine))},

      {"listener.address", Text(Of(&L::address), "a numeric IPv4 or IPv6 address", IsNumericAddress)},
      {"listener.port", Number(Of(&L::port), 0, 65535, "(0: any free port)")},
      {"listener.protocol",
       OneOf(Of(&L::protocol), {{"packet", EListenerProtocol::kPacket}, {"http", EListenerProtocol::kHttp}})},
      {"listener.accept", OneOf(Of(&L::accept), {{"reuseport", EAcceptMode::kReusePort},
                                                 {"mutex", EAcceptMode::kMutex},
                                                 {"dispatch", EAcceptMode::kDispatch}})},
      {"listener.backlog", Number(Of(&L::backlog), 1, 65535, "connections")},
      {"listener.name", Text(Of(&L::name), "a name", IsAnyText)},
      {"listener.root", Text(Of(&L::root), "a directory", IsAnyText)},
      {"listener.index", Texts(Of(&H::index), "a list of file names", IsFileName)},
      {"listener.listing", Boolean(Of(&H::listing))},
      {"listener.follow_symlinks", Boolean(Of(&H::follow_symlinks))},
      {"listener.charset", Text(Of(&H::charset), "the name of a character set, as \"utf-8\", or \"\"", IsCharset)},
      {"listener.headers",
       Texts(Of(&H::headers), "a list of \"Name: value\", but of none that the server writes itself", IsHeader)},
      {"listener.access_log", Text(Of(&H::access_log), "a path, or \"\"", IsAnyText)},
      {"listener.head_bytes", Number(Of(&H::head_bytes), 256, 65536, "bytes")},
      {"listener.body_bytes", Number(Of(&H::body_bytes), 0, 64 * kMebi, "bytes")},
      {"listener.idle_timeout_s", Seconds(Of(&H::idle_timeout), 0.001, kDay)},
      {"listener.min_rate", Number(Of(&H::min_rate), 0, 1000 * kMebi, "bytes/s (0: any)")},

      {"pool.connections", Number(Of(&C::pool, &SPoolConfig::connections), 1, kMebi, "connections")},
      {"pool.max_connections", Number(Of(&C::pool, &SPoolConfig::max_connections), 1, kMebi, "connections")},

      {"business.threads", Number(Of(&C::business, &SBusinessConfig::threads), 1, 128, "threads")},
      {"business.blocking_threads",
       Number(Of(&C::business, &SBusinessConfig::blocking_threads), 0, 64, "threads (0: those of business.threads)")},
      {"business.queue_packets", Number(Of(&C::business, &SBusinessConfig::queue_packets), 1, 1000000000, "packets")},
      {"business.batch", Number(Of(&C::business, &SBusinessConfig::batch), 1, 65536, "packets")},

      {"business.mode", OneOf(Of(&C::business, &SBusinessConfig::mode),
                              {{"threads", EBusinessMode::kThreads}, {"process_pool", EBusinessMode::kProcessPool}})},
      {"business.queue_clients", Number(Of(&C::business, &SBusinessConfig::queue_clients), 0, 65535, "clients")},

      {"reply.path", OneOf(Of(&C::reply, &SReplyConfig::path),
                           {{"direct", EReplyPath::kDirect}, {"send_thread", EReplyPath::kSendThread}})},

      {"protocol.reject_replies", Boolean(Of(&C::protocol, &SProtocolConfig::reject_replies))},
      {"protocol.goaway", Boolean(Of(&C::protocol, &SProtocolConfig::goaway))},

      {"limits.packet_bytes", Number(Of(&C::limits, &SLimitsConfig::packet_bytes), 8, 65535, "bytes")},
      {"limits.send_queue_bytes", Number(Of(&C::limits, &SLimitsConfig::send_queue_bytes), 8, 1024 * kMebi, "bytes")},
      {"limits.recv_pause_bytes", Number(Of(&C::limits, &SLimitsConfig::recv_pause_bytes), 8, 1024 * kMebi, "bytes")},
      {"limits.packet_timeout_s", Seconds(Of(&C::limits, &SLimitsConfig::packet_timeout), 0.001, kDay)},

      {"flood.enabled", Boolean(Of(&C::flood, &SFloodConfig::enabled))},
      {"flood.packets_per_second",
       Number(Of(&C::flood, &SFloodConfig::packets_per_second), 1, 1000000000, "packets/s")},
      {"flood.burst", Number(Of(&C::flood, &SFloodConfig::burst), 1, 1000000000, "packets")},

      {"heartbeat.enabled", Boolean(Of(&C::heartbeat, &SHeartbeatConfig::enabled))},
      {"heartbeat.interval_s", Seconds(Of(&C::heartbeat, &SHeartbeatConfig::interval), 0.001, kDay)},
      {"heartbeat.max_misses", Number(Of(&C::heartbeat, &SHeartbeatConfig::max_misses), 1, 1000, "intervals")},
      {"heartbeat.max_session_s", Seconds(Of(&C::heartbeat, &SHeartbeatConfig::max_session), 0, kYear)},

      {"recycle.delay_ms", Milliseconds(Of(&C::recycle, &SRecycleConfig::delay), 0, 3600000)},

      {"transfer.root", Text(Of(&C::transfer, &STransferConfig::root), "a directory, or \"\"", IsAnyText)},
      {"transfer.writable", Boolean(Of(&C::transfer, &STransferConfig::writable))},
      {"transfer.max_file_bytes",
       Number(Of(&C::transfer, &STransferConfig::max_file_bytes), 0, kMaxFileBytes, "bytes")},
      {"transfer.max_total_bytes",
       Number(Of(&C::transfer, &STransferConfig::max_total_bytes), 0, kMaxFileBytes, "bytes (0: no limit)")},
      {"transfer.max_open", Number(Of(&C::transfer, &STransferConfig::max_open), 1, 1024, "transfers")},
      {"transfer.max_open_worker", Number(Of(&C::transfer, &STransferConfig::max_open_worker), 1, kMebi, "transfers")},
      {"transfer.keep_s", Seconds(Of(&C::transfer, &STransferConfig::keep), 1, kYear)},

      {"log.file", Text(Of(&C::log, &SLogConfig::file), "a path, or \"stderr\"", IsAnyText)},
      {"log.level", OneOf(Of(&C::log, &SLogConfig::level), {{"debug", ELogLevel::kDebug},
                                                            {"info", ELogLevel::kInfo},
                                                            {"warn", ELogLevel::kWarn},
                                                            {"error", ELogLevel::kError},
                                                            {"alert", ELogLevel::kAlert}})},
  };
  return keys;
}

const SKey* FindKey(std::string_view name) {
  const std::vector<SKey>& keys = AllKeys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const SKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

// "daemon, workers, …" of one section; all the sections when there is no such section.
std::string NamesIn(std::string_view section) {
  std::string names;
  std::string sections;
  std::string_view last;
  for (const SKey& key : AllKeys()) {
    if (key.Section() == section) names += fmt::format("{}{}", names.empty() ? "" : ", ", key.Leaf());
    if (key.Section() != last) sections += fmt::format("{}{}", sections.empty() ? "" : ", ", key.Section());
    last = key.Section();
  }
  return names.empty() ? sections : names;
}

// ---- Reading ----

[[noreturn]] void Fail(std::string_view where, std::string_view complaint, std::string_view allowed) {
  std::string line = fmt::format("{}: {}; allowed: {}", where, complaint, allowed);
  // The name of a key may hold anything; the message stays one line.
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  throw CConfigError(line);
}

std::string ReadFile(const std::string& file) {
  const CFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 16384> block;
  ssize_t bytes = fd.IsValid() ? 1 : -1;
  while (bytes > 0) {
    bytes = ::read(fd.Get(), block.data(), block.size());
    if (bytes > 0) text.append(block.data(), static_cast<size_t>(bytes));
  }
  if (bytes < 0) throw CConfigError(fmt::format("{}: can't be read: {}", file, std::system_category().message(errno)));
  return text;
}

toml::table ParseFile(const std::string& file) {
  const std::string text = ReadFile(file);
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw CConfigError(fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  }
}

// The value of an override, as the only node of a table.
toml::table ParseValue(std::string_view where, const std::string& text) {
  try {
    toml::table parsed = toml::parse("value = " + text);
    if (parsed.size() == 1) return parsed;
  } catch (const toml::parse_error& error) {
    const bool isMeantAsToml = !text.empty() && std::string_view("\"'[{").find(text[0]) != std::string_view::npos;
    if (isMeantAsToml) Fail(where, error.description(), "a TOML value, or a bare word");
  }
  return toml::table{{"value", text}};
}

// Puts one configuration together, and remembers where each key was set, to say so when two of them don't fit.
// Threads: one owner.
class CConfigLoader {
 public:
  SConfig Load(const std::string& file, const std::vector<std::string>& overrides) {
    m_file = file;
    if (!file.empty()) ApplyFile(ParseFile(file));
    if (m_config.listeners.empty()) {
      AddListener("listener.0");
      m_where.emplace("listener.0.port", "listener.0.port");  // the default one has the default port
    }
    for (const std::string& text : overrides) ApplyOverride(text);
    CheckListeners();
    CheckTogether();
    CheckProcessPool();
    return std::move(m_config);
  }

 private:
  std::string WhereInFile(const toml::node& node, std::string_view name) const {
    return fmt::format("{}:{}: {}", m_file, node.source().begin.line, name);
  }

  void ApplyFile(const toml::table& file) {
    for (const auto& [name, node] : file) {
      if (name.str() == "listener") {
        ApplyListeners(node);
      } else {
        ApplySection(std::string(name.str()), std::string(name.str()), node, 0);
      }
    }
  }

  void ApplyListeners(const toml::node& node) {
    const toml::array* const p_listeners = node.as_array();
    if (p_listeners == nullptr || !p_listeners->is_homogeneous(toml::node_type::table)) {
      Fail(WhereInFile(node, "listener"), IsNot(node, "a list of tables"), "[[listener]], once for each");
    }
    for (const toml::node& listener : *p_listeners) {
      const std::string path = fmt::format("listener.{}", m_config.listeners.size());
      AddListener(WhereInFile(listener, path));
      ApplySection("listener", path, listener, m_config.listeners.size() - 1);
    }
  }

  // `path` is how the messages name the section: "server", "listener.0".
  void ApplySection(const std::string& section, const std::string& path, const toml::node& node, size_t listener) {
    const std::vector<SKey>& keys = AllKeys();
    if (std::none_of(keys.begin(), keys.end(), [&](const SKey& key) { return key.Section() == section; })) {
      Fail(WhereInFile(node, path), "unknown section", NamesIn(section));
    }
    const toml::table* const p_table = node.as_table();
    if (p_table == nullptr) Fail(WhereInFile(node, path), IsNot(node, "a table"), fmt::format("[{}]", section));
    for (const auto& [name, value] : *p_table) {
      const std::string fullPath = fmt::format("{}.{}", path, name.str());
      Apply(fmt::format("{}.{}", section, name.str()), fullPath, WhereInFile(value, fullPath), value, listener);
    }
  }

  void Apply(const std::string& key, const std::string& path, const std::string& where, const toml::node& value,
             size_t listener) {
    const SKey* const p_key = FindKey(key);
    if (p_key == nullptr) Fail(where, "unknown key", NamesIn(key.substr(0, key.find('.'))));
    const std::optional<std::string> complaint = p_key->rule.set(value, m_config, listener);
    if (complaint) Fail(where, *complaint, p_key->rule.allowed);
    m_where.insert_or_assign(path, where);
  }

  void ApplyOverride(const std::string& text) {
    const std::string where = "--set " + text;
    const size_t equals = text.find('=');
    if (equals == std::string::npos) Fail(where, "there is no value", "KEY=VALUE, such as business.threads=2");
    const std::string path = text.substr(0, equals);
    const toml::table value = ParseValue(where, text.substr(equals + 1));
    size_t listener = 0;
    std::string key = path;
    if (path.starts_with("listener.")) {
      const size_t dot = path.find('.', path.find('.') + 1);
      listener = ListenerIndex(where, path.substr(0, dot));
      key = "listener." + (dot == std::string::npos ? "" : path.substr(dot + 1));
    }
    Apply(key, path, where, *value.get("value"), listener);
  }

  // Of "listener.N"; adds the listener if it is the next one.
  size_t ListenerIndex(const std::string& where, const std::string& path) {
    const size_t count = m_config.listeners.size();
    const std::string digits = path.substr(path.find('.') + 1);
    size_t index = 0;
    const auto [p_end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error != std::errc() || p_end != digits.data() + digits.size() || index > count) {
      Fail(where, "there is no such listener", fmt::format("listener.N with N in 0..{}, {} adds one", count, count));
    }
    if (index == count) AddListener(where);
    return index;
  }

  void AddListener(const std::string& where) {
    m_where.emplace(fmt::format("listener.{}", m_config.listeners.size()), where);
    m_config.listeners.emplace_back();
  }

  void CheckListeners() const {
    for (size_t i = 0; i < m_config.listeners.size(); ++i) {
      const std::string path = fmt::format("listener.{}", i);
      if (!m_where.contains(path + ".port")) {
        Fail(m_where.at(path), "port is missing", FindKey("listener.port")->rule.allowed);
      }
      const SListenerConfig& listener = m_config.listeners[i];
      if (!listener.root.empty() && listener.protocol != EListenerProtocol::kHttp) {
        Fail(m_where.at(path + ".root"), "is for files over HTTP", "only with protocol = \"http\"");
      }
      if (listener.http != SHttpConfig{} && listener.protocol != EListenerProtocol::kHttp) {
        Fail(m_where.at(path), "has keys that are for HTTP", "they go only with protocol = \"http\"");
      }
    }
  }

  // The answers of one read come on top of what made reading rest.
  static constexpr uint32_t kHttpMarginBytes = 262144;

  void CheckTogether() const {
    const uint32_t packetBytes = m_config.limits.packet_bytes;
    CheckAtLeast("limits.recv_pause_bytes", m_config.limits.recv_pause_bytes, "limits.packet_bytes", packetBytes);
    CheckAtLeast("limits.send_queue_bytes", m_config.limits.send_queue_bytes, "limits.packet_bytes", packetBytes);
    const bool hasHttp = std::any_of(m_config.listeners.begin(), m_config.listeners.end(), [](const auto& listener) {
      return listener.protocol == EListenerProtocol::kHttp;
    });
    const uint64_t httpBytes = uint64_t{m_config.limits.recv_pause_bytes} + kHttpMarginBytes;
    if (hasHttp && m_config.limits.send_queue_bytes < httpBytes) {
      const auto found = m_where.find("limits.send_queue_bytes");
      Fail(found != m_where.end() ? found->second : m_where.at("limits.recv_pause_bytes"),
           "an http listener needs limits.send_queue_bytes to be 256 KiB over limits.recv_pause_bytes",
           fmt::format("limits.send_queue_bytes of at least {}", httpBytes));
    }
    CheckAtLeast("pool.max_connections", m_config.pool.max_connections, "pool.connections", m_config.pool.connections);
  }

  // Handlers that must be alone in their process: the master hands out the clients, and there is one thread for them.
  void CheckProcessPool() {
    if (m_config.business.mode != EBusinessMode::kProcessPool) return;
    if (!m_where.contains("business.threads")) m_config.business.threads = 1;
    if (m_config.business.threads != 1) {
      Fail(m_where.at("business.threads"), fmt::format("{} is too many", m_config.business.threads),
           "1 with business.mode = \"process_pool\"");
    }
    for (size_t i = 0; i < m_config.listeners.size(); ++i) {
      if (m_config.listeners[i].accept == EAcceptMode::kDispatch) continue;
      Fail(m_where.at("business.mode"), fmt::format("\"process_pool\" doesn't fit to listener.{}.accept", i),
           "it needs accept = \"dispatch\" in each [[listener]]");
    }
  }

  // Blames the larger key's line, or, when that key has its default, the smaller's.
  void CheckAtLeast(const std::string& larger, uint32_t largerValue, const std::string& smaller,
                    uint32_t smallerValue) const {
    if (largerValue >= smallerValue) return;
    if (const auto found = m_where.find(larger); found != m_where.end()) {
      Fail(found->second, fmt::format("{} is under {}", largerValue, smaller),
           fmt::format("at least {}", smallerValue));
    }
    Fail(m_where.at(smaller), fmt::format("{} is over {}", smallerValue, larger),
         fmt::format("at most {}", largerValue));
  }

  SConfig m_config;
  std::string m_file;
  // From "limits.packet_bytes" or "listener.0" to the beginning of a message about it.
  std::map<std::string, std::string> m_where;
};

}  // namespace

SConfig CConfig::Load(const std::string& file, const std::vector<std::string>& overrides) {
  return CConfigLoader().Load(file, overrides);
}

std::vector<std::string_view> CConfig::Keys() {
  std::vector<std::string_view> names;
  for (const SKey& key : AllKeys()) names.emplace_back(key.name);
  return names;
}

}  // namespace switchboard
