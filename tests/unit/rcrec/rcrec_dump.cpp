// SPDX-License-Identifier: Apache-2.0
// rcrec_dump [--key PEM] FILE: what verify() says, in the words of tests/readers/rcrec_reader.py, for comparing the
// two.
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "rcrec/inspect.hpp"

int main(int argc, char** argv) {
  using namespace rescue;
  rcrec::KeyRing keys;
  if (argc == 4 && std::string_view(argv[1]) == "--key") {  // as it stands: a test key in a checkout is not private
    std::ifstream in(argv[2]);
    auto key = crypto::X25519Private::from_pem(std::string(std::istreambuf_iterator<char>(in), {}));
    if (!key) return 2;
    keys.add(std::move(*key));
  } else if (argc != 2) {
    return 2;
  }
  const auto v = rcrec::verify(argv[argc - 1], keys);
  if (!v) {
    std::puts(boost::json::serialize(boost::json::object{{"error", v.error().code.name()}}).c_str());
    return 1;
  }
  boost::json::object by_type;
  for (std::uint8_t type = 0; type < std::size(v->info.by_type); ++type) {
    if (v->info.by_type[type].chunks > 0) by_type[rcrec::chunk_type_name(type)] = v->info.by_type[type].chunks;
  }
  boost::json::value first_bad;
  if (v->first_bad)
    first_bad = {{"kind", rcrec::damage_kind_name(v->first_bad->kind)}, {"offset", v->first_bad->offset}};
  std::puts(boost::json::serialize(boost::json::object{
                                       {"verdict", rcrec::verdict_name(v->verdict)},
                                       {"content_read", v->info.content_read},
                                       {"finished", v->info.finished},
                                       {"chunks", v->info.chunks},
                                       {"by_type", by_type},
                                       {"video_packets", v->info.video_packets},
                                       {"chat_lines", v->info.chat_lines},
                                       {"events", v->info.events},
                                       {"duration_us", v->info.duration.count()},
                                       {"chain_tip", base::to_hex(v->info.chain_tip)},
                                       {"damaged_places", v->info.damaged_places},
                                       {"first_bad", first_bad},
                                       {"sha256", v->sha256_hex},
                                   })
                .c_str());
  return 0;
}
