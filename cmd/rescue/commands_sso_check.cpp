// SPDX-License-Identifier: Apache-2.0
// admin sso check.
#include <unistd.h>

#include <fmt/format.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <fstream>

#include "base/utf8.hpp"
#include "cmd/rescue/invocation.hpp"
#include "crypto/secret_file.hpp"
#include "saml/helper_words.hpp"
#include "saml/verifier.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr cli::Column kRefusedColumns[] = {{"ACCEPTED"}, {"RULE"}, {"DETAIL"}, {"DEMANDS"}};

base::Result<std::string> read_stream(int fd, std::size_t most) {
  std::string out;
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error("read standard input"));
    if (n == 0 || out.size() > most) return out;  // too much is for the check to refuse
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

base::Result<std::string> read_text_file(const Invocation& in, const std::string& name, std::size_t most) {
  std::ifstream file(in.env.absolute(name), std::ios::binary);
  if (!file) return base::fail(base::errno_error(fmt::format("open '{}'", name)));
  std::string text(most + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return base::fail(base::errno_error(fmt::format("read '{}'", name)));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

base::Result<saml::ResponseCheck> question_of(Invocation& in, saml::Verifier& verifier) {
  saml::ResponseCheck q;
  const auto file = in.parsed.text("idp-metadata");
  RESCUE_TRY(const auto xml, read_text_file(in, file, saml::kMaxMetadataBytes));
  auto idp = verifier.read_metadata(xml);
  if (!idp && idp.error().code == saml::Errc::refused)  // of the provider, not of the response: another exit code
    return base::fail(base::Errc::bad_format, fmt::format("metadata '{}': {}", file, idp.error().context));
  if (!idp) return base::fail(idp.error());
  q.idp = std::move(*idp);
  q.sp = {in.parsed.text("sp-entity-id"), in.parsed.text("acs")};
  if (const auto id = in.parsed.maybe("request-id")) {
    if (id->empty()) return base::fail(base::Errc::invalid_argument, "--request-id must not be empty");
    q.answers = saml::Answers::request;
    q.request_id = *id;
  }
  q.now = in.parsed.time("now").value_or(in.env.clock->wall());
  for (const auto& key : in.parsed.all("key")) {
    RESCUE_TRY(auto pem, crypto::read_secret_file(in.env.absolute(key)));
    q.decryption_keys.push_back(std::move(pem));
  }
  const auto response = in.parsed.positional("RESPONSE");
  RESCUE_TRY(q.response, response == "-" ? read_stream(in.env.in_fd, saml::kMaxResponseText)
                                         : read_text_file(in, response, saml::kMaxResponseText));
  return q;
}

std::string_view signed_parts(const saml::Identity& i) {
  if (i.response_signed && i.assertion_signed) return "response and assertion";
  return i.response_signed ? "response" : "assertion";
}

/// One line for each thing that is known, and for each attribute.
void show_accepted(Invocation& in, const saml::Identity& i) {
  std::vector<std::pair<std::string, std::string>> lines{
      {"ACCEPTED", "yes"},
      {"NAME ID", i.name_id},
      {"FORMAT", i.name_id_format},
      {"ISSUER", i.issuer},
      {"IN RESPONSE TO", i.in_response_to},
      {"ASSERTION", i.assertion_id},
      {"SIGNED IN", base::to_rfc3339(i.authn_instant)},
      {"SESSION ENDS", i.session_not_on_or_after ? base::to_rfc3339(*i.session_not_on_or_after) : ""},
      {"CONTEXT", i.authn_context},
      {"SIGNED", std::string(signed_parts(i))},
      {"ENCRYPTED", i.encrypted ? "yes" : "no"},
      {"VALID UNTIL", base::to_rfc3339(i.replay_until)}};
  for (const auto& a : i.attributes) {
    const auto friendly = a.friendly_name.empty() ? "" : fmt::format(" ({})", a.friendly_name);
    lines.emplace_back("ATTRIBUTE " + base::to_display_text(a.name + friendly),
                       fmt::format("{}", fmt::join(a.values, ", ")));
  }
  std::vector<cli::Column> columns;
  cli::Record record;
  for (const auto& [title, value] : lines) {
    columns.push_back({title});
    record.cells.push_back(value);
  }
  json::object all{{"accepted", true}};
  for (auto& [key, value] : saml::to_json(i)) all[key] = value;
  record.json = json::serialize(all);
  record.name = i.name_id;
  cli::write_object(in.env, in.format, in.color, columns, record);
}

void show_refused(Invocation& in, const saml::Refusal& refusal) {
  const std::string rule(saml::rule_name(refusal.rule)), demands(saml::rule_meaning(refusal.rule));
  const json::object all{{"accepted", false}, {"rule", rule}, {"detail", refusal.detail}, {"demands", demands}};
  cli::write_object(in.env, in.format, in.color, kRefusedColumns,
                    {{"no", rule, refusal.detail, demands}, json::serialize(all), rule});
}
}  // namespace

base::Result<int> sso_check(Invocation& in) {
  RESCUE_TRY(const auto program, saml::find_helper(in.env.self));
  saml::HelperVerifier verifier(program);
  RESCUE_TRY(const auto question, question_of(in, verifier));
  RESCUE_TRY(const auto verdict, verifier.check(question));
  if (verdict) {
    show_accepted(in, *verdict);
    return 0;
  }
  show_refused(in, verdict.error());
  return base::fail(saml::Errc::refused, verdict.error().message());
}

}  // namespace rescue::program
