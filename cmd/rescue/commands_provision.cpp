// SPDX-License-Identifier: Apache-2.0
// admin apply, admin export, admin user import.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <ostream>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "cli/exit.hpp"
#include "cli/secret_input.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/provision_file.hpp"
#include "cmd/rescue/text_file.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
using namespace std::chrono_literals;

/// As long as the broker gives a request.
constexpr auto kApplyTimeout = 65s;
constexpr cli::Column kColumns[] = {{"KIND"}, {"NAME"}, {"OUTCOME"}, {"DETAIL"}};

std::string_view section_of(std::string_view kind) {
  if (kind == "group") return "groups";
  if (kind == "channel") return "channels";
  if (kind == "user") return "users";
  if (kind == "service_account") return "service_accounts";
  return "";
}

/// The new file for invitations. It is made before anything is asked of the broker, and goes again when nothing is
/// written to it.
class InvitationsFile {
 public:
  static base::Result<std::unique_ptr<InvitationsFile>> create(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
      if (errno == EEXIST) return base::fail(base::Errc::conflict, fmt::format("'{}' is there already", path.string()));
      return base::fail(base::errno_error(fmt::format("create '{}'", path.string())));
    }
    return std::unique_ptr<InvitationsFile>(new InvitationsFile(path, fd));
  }
  ~InvitationsFile() {
    ::close(fd_);
    if (empty_) ::unlink(path_.c_str());
  }
  InvitationsFile(const InvitationsFile&) = delete;
  InvitationsFile& operator=(const InvitationsFile&) = delete;

  /// A header and a line each; durable when it comes back.
  base::Result<> write(const json::array& invitations) {
    if (invitations.empty()) return {};
    std::string text = "email,link,expires_at\n";
    for (const auto& entry : invitations) {
      if (!entry.is_object()) return base::fail(client::Errc::bad_answer, "an invitation is no object");
      const auto& o = entry.as_object();
      text +=
          fmt::format("{},{},{}\n", field(cell_of(o, "email")), field(cell_of(o, "link")), cell_of(o, "expires_at"));
    }
    empty_ = false;
    for (std::size_t at = 0; at < text.size();) {
      const auto n = ::write(fd_, text.data() + at, text.size() - at);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return base::fail(base::errno_error(fmt::format("write '{}'", path_.string())));
      at += static_cast<std::size_t>(n);
    }
    if (::fsync(fd_) != 0) return base::fail(base::errno_error(fmt::format("write '{}'", path_.string())));
    return {};
  }

 private:
  InvitationsFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  static std::string field(const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  }
  std::filesystem::path path_;
  int fd_;
  bool empty_ = true;
};

/// "role: technician > auditor; group: A > B", or what went wrong and where.
std::string detail_of(const json::object& result) {
  if (result.contains("error")) return fmt::format("{}: {}", cell_of(result, "error"), cell_of(result, "message"));
  std::string out;
  const auto* changes = result.if_contains("changes");
  if (changes == nullptr || !changes->is_array()) return out;
  for (const auto& change : changes->as_array()) {
    if (!change.is_object()) continue;
    const auto& c = change.as_object();
    out += fmt::format("{}{}: {} > {}", out.empty() ? "" : "; ", cell_of(c, "field"), cell_of(c, "from"),
                       cell_of(c, "to"));
  }
  return out;
}

cli::Record row_of(json::object result, const ProvisionDocument& document) {
  const auto section = section_of(cell_of(result, "kind"));
  if (const auto* index = result.if_contains("index");
      index != nullptr && index->is_int64() && index->as_int64() >= 0) {
    if (auto place = document.place(section, static_cast<std::size_t>(index->as_int64())); !place.empty())
      result["place"] = std::move(place);
  }
  auto detail = detail_of(result);
  if (result.contains("error") && result.contains("place"))
    detail = fmt::format("{} ({})", detail, cell_of(result, "place"));
  cli::Record out;
  out.cells = {cell_of(result, "kind"), cell_of(result, "name"), cell_of(result, "outcome"), std::move(detail)};
  out.name = cell_of(result, "name");
  out.json = json::serialize(result);
  return out;
}

/// Exit code and message of the first object that failed.
struct FirstFailure {
  cli::Failure failure;
  std::size_t count = 0;
};
FirstFailure failures_in(const json::array& results, const ProvisionDocument& document) {
  FirstFailure out;
  for (const auto& entry : results) {
    if (!entry.is_object() || !entry.as_object().contains("error")) continue;
    if (out.count++ > 0) continue;
    const auto row = row_of(entry.as_object(), document);
    out.failure.error = cell_of(entry.as_object(), "error");
    const auto* code = entry.as_object().if_contains("code");
    const auto exit = code != nullptr && code->is_int64() ? code->as_int64() : 1;
    out.failure.code = exit > 0 && exit <= 10 ? static_cast<base::Exit>(exit) : base::Exit::failed;
    out.failure.message = fmt::format("{} '{}': {}", row.cells[0], row.cells[1], row.cells[3]);
  }
  return out;
}

struct Request {
  bool dry_run = false, prune = false, continue_on_error = false;
  std::optional<std::string> invitations;
};

std::string summary_of(const json::object& answer, const Request& request) {
  std::string out;
  if (const auto* counts = answer.if_contains("counts"); counts != nullptr && counts->is_object())
    for (const auto& [outcome, n] : counts->as_object())
      if (n.is_int64() && n.as_int64() > 0)
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n.as_int64(), std::string_view(outcome));
  if (out.empty()) out = "nothing to do";
  if (request.dry_run) return out + " (dry run: nothing was changed)";
  return out;
}

base::Result<int> report(Invocation& in, const json::object& answer, const ProvisionDocument& document,
                         const Request& request) {
  RESCUE_TRY(const auto results, client::array_field(answer, "results"));
  cli::RecordWriter writer(in.env, in.format, in.color, kColumns);
  for (const auto& result : results)
    if (result.is_object()) writer.add(row_of(result.as_object(), document));
  writer.finish();
  in.hint(summary_of(answer, request));
  auto failed = failures_in(results, document);
  if (failed.count == 0) return 0;
  if (failed.count > 1) failed.failure.message += fmt::format(" (and {} more)", failed.count - 1);
  if (request.continue_on_error) {
    failed.failure.code = base::Exit::partial;
  } else if (!request.dry_run) {
    failed.failure.message += "; nothing was changed";
  }
  return cli::print_failure(in.env, "rescue", failed.failure, in.json());
}

base::Result<int> apply_document(Invocation& in, const ProvisionDocument& document, const Request& request) {
  if (json::serialize(document.body()).size() > kMaxProvisionBytes)
    return base::fail(base::Errc::too_large, fmt::format("more than {} bytes in all", kMaxProvisionBytes));
  RESCUE_TRY(auto* api, in.api());
  std::unique_ptr<InvitationsFile> invitations;
  if (request.invitations && !request.dry_run) {
    RESCUE_TRY(invitations, InvitationsFile::create(in.env.absolute(*request.invitations)));
  }
  json::object body{{"document", document.body()}};
  if (request.dry_run) body["dry_run"] = true;
  if (request.prune) body["prune"] = true;
  if (request.continue_on_error) body["continue_on_error"] = true;
  if (request.invitations) body["invite"] = true;
  api->set_timeout(kApplyTimeout);
  auto answer = api->post("/apply", std::move(body));
  if (!answer) {
    auto error = std::move(answer).error();
    error.context = document.with_places(std::move(error.context));
    return base::fail(std::move(error));
  }
  if (!answer->is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  const auto& o = answer->as_object();
  if (invitations) {
    RESCUE_TRY(const auto made, client::array_field(o, "invitations"));
    RESCUE_CHECK(invitations->write(made));
  }
  return report(in, o, document, request);
}

Request request_of(const Invocation& in, bool may_prune) {
  Request out;
  out.dry_run = in.parsed.on("dry-run");
  out.prune = may_prune && in.parsed.on("prune");
  out.continue_on_error = in.parsed.on("continue-on-error");
  out.invitations = in.parsed.maybe("invitations");
  return out;
}

ProvisionFormat format_of(const Invocation& in, const std::string& file) {
  const auto given = in.parsed.text("format");
  if (given == "csv") return ProvisionFormat::csv;
  if (given == "json") return ProvisionFormat::json;
  if (given == "toml") return ProvisionFormat::toml;
  return provision_format_of(file);
}

std::string shown_name(const std::string& file) { return file == "-" ? "standard input" : file; }

}  // namespace

base::Result<int> admin_apply(Invocation& in) {
  ProvisionDocument document;
  for (const auto& file : in.parsed.all("file")) {
    RESCUE_TRY(const auto text, read_text_file(in.env, file, kMaxProvisionBytes));
    RESCUE_CHECK(document.add(text, format_of(in, file), shown_name(file)));
  }
  return apply_document(in, document, request_of(in, true));
}

base::Result<int> user_import(Invocation& in) {
  ProvisionDocument document;
  const auto file = in.parsed.positional("FILE");
  RESCUE_TRY(const auto text, read_text_file(in.env, file, kMaxProvisionBytes));
  RESCUE_CHECK(document.add(text, ProvisionFormat::csv, shown_name(file)));
  return apply_document(in, document, request_of(in, false));
}

base::Result<int> admin_export(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get("/export"));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto document, client::object_field(answer.as_object(), "document"));
  if (in.json())
    *in.env.out << json::serialize(document) << '\n';
  else
    *in.env.out << provision_toml(document);
  in.env.out->flush();
  return 0;
}

}  // namespace rescue::program
