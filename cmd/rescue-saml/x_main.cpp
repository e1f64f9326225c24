// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue-saml/x_main.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <istream>
#include <ostream>

#include "cmd/rescue-saml/sandbox.hpp"
#include "saml/helper_words.hpp"
#include "saml_xml/engine.hpp"

namespace rescue::saml_program {
namespace {
namespace json = boost::json;

int fail(Env& env, std::string_view message, int code = 1) {
  env.err << "rescue-saml: " << message << std::endl;
  return code;
}

base::Result<std::string> read_all(std::istream& in) {
  std::string out;
  std::array<char, 16 * 1024> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    out.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (out.size() > saml::kMaxQuestionBytes) return base::fail(base::Errc::too_large, "question");
  }
  return out;
}

json::object refused(const saml::Refusal& refusal) { return {{"refused", saml::to_json(refusal)}}; }

base::Result<json::object> answer_to(const saml::Question& question) {
  if (const auto* metadata = std::get_if<saml::MetadataQuestion>(&question)) {
    const auto read = saml_xml::Engine::metadata(metadata->xml);
    if (!read) return refused(read.error());
    return json::object{{"metadata", saml::to_json(*read)}};
  }
  saml_xml::Engine engine;
  RESCUE_TRY(const auto verdict, engine.check(std::get<saml::ResponseCheck>(question)));
  if (!verdict) return refused(verdict.error());
  return json::object{{"accepted", saml::to_json(*verdict)}};
}

base::Result<json::object> serve(Env& env) {
  RESCUE_CHECK(saml_xml::start_libraries());  // before confinement: OpenSSL looks for its configuration
  std::vector<std::string> layers;
  if (env.confine) {
    RESCUE_TRY(layers, confine());
  }
  RESCUE_TRY(const auto text, read_all(env.in));
  RESCUE_TRY(const auto question, saml::read_question(text));
  RESCUE_TRY(auto out, answer_to(question));
  out["confined_by"] = json::array(layers.begin(), layers.end());
  return out;
}
}  // namespace

int x_main(const std::vector<std::string>& args, Env& env) {
  if (args.size() > 1) return fail(env, "takes no arguments; see rescue-saml(8)", 2);
  const auto answer = serve(env);
  if (!answer) return fail(env, answer.error().message());
  env.out << json::serialize(*answer) << '\n' << std::flush;
  return env.out ? 0 : 1;
}

}  // namespace rescue::saml_program
