// SPDX-License-Identifier: Apache-2.0
// Made by make_corpus.py; keys of nobody.
#pragma once

#include <string_view>

namespace fuzz {

inline constexpr std::string_view kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCu8j8Z6gIsUAz2\n"
    "Na5VzYHlBAEpjSFYW+nqNg4ksIDdtNsqPuS/AwZxLYRYCTpMijCiBdmbQxl85qe2\n"
    "46qJfuNeUTauBO4nYxcrlfJ4EQ+EmbTw8bII5eKlqbzWvlK6lxIEh5LqBboxC2L/\n"
    "a2SchPrLGxgCtrZrgDVSjroAzFu8pFSv7DZjrw5Zgv/EMQ25lcySWi4s0LW798Vt\n"
    "3wDXSUMi05abzKBZKzPAJltr81VjrFiLw2IIWZS2vIboze70csAVNZuIjXHcFChC\n"
    "3UmoVTo2hYcZpJkDTmKp7aTMICYRbJ69l6qc8LtePx0Z2iwi5m+qmBbxW5giwB1Z\n"
    "z3XPFN9bAgMBAAECggEAJx3QIR2zFbBibYysKdA0+n1uOxmsuoJ2p2ElwWtbrPba\n"
    "yDPe1py5DIZGYJ7Tk7iUTi3rrW0P3l7+YgS+pVajRPv4s2kzzMe5rwusds8tvpLV\n"
    "o8gO7DFmf28X45YTjlfn9e5QWZYlPwESRhT/noWXQ+GPeU/cMuYsRgTWrwYCfweK\n"
    "fNmfheRAxI0K4gDPqyxrWqkzvFDrakNf1HoP4ANMrcl4lcKsNew+Ashxx+/O3Jyn\n"
    "3fTlmiFuglDxmra2gfScWJdnk71v61Qu/ioDYQa4y+Z9jkdg/K9oyiLgRRaoIT3C\n"
    "qgag2pc1P0KvJNuU1D2LUqp8/Hqfu8HKbmcFq+tp5QKBgQDhD51tRQP8Yza5HIWV\n"
    "nAGUNIPXEyCZ258eoC/1vOT/dB8MuWz58AscEwuL8lmLDo7duo2CFb63ypWsMes+\n"
    "EkQleYJcrFewqIVIiwUBUCvyFCfhnvWG9EzznCs5Cnv6nPpPpxMwboGME0nCPJ43\n"
    "f+W9v6qnS46YZKXjXzvFN3cBzwKBgQDG/vxYiFu58RhbCrs5bsC73RJsErJ2nRA6\n"
    "JCeQeDHrqnmNeGmFbxViZ5dqbeTl/T+SwhpSvnte1eME0tmM1ulj7ny6DIqGtNhA\n"
    "gYDsBbM0HrWiz3EblCpd8xjUj5lejF+45m8u471A15qL3hGfOlc9zFKsZqTbgK94\n"
    "qtf2USPotQKBgFrKd9GK0+7O/1ZxwRn3k1N8U+tBlhc7V9d8+5wAlcjPyW7Sprm1\n"
    "MmYi8LeGDsVgHBYqmcduij+OhA6xHJsvtzn+6K4GAGINuaboHh7HftLreqM0Awxs\n"
    "JVbpGy6pohYZmYjkd4NEMRKW/VxUI+dzuvRvC6LtghrMD3fIBU6r72BVAoGBAKot\n"
    "ecSEqFz1z+xb2w0cp/qA7rY5ryE85Jm0PZmRELAHk/fmF+eivdjv2k+MN4pv7yQk\n"
    "lrpYZ80MgR6o6p9FU0bAty2sd/MHSUCw/33Yyg4yjQb0/DenmCvML1nojDKNPXc0\n"
    "qbSh0kFXoLUobk2LaPxSdgk1ppqJDIbXI+VkMp9ZAoGBAJ67lKucMlkIqT1AYHu4\n"
    "cW9Fz9gh9uryM+fdS8XHljKAVNgAOz8VhA3wJhjEojoke7zJuTEB69j57uT6Q93w\n"
    "dhwrdkBuuEkQ9Se042XFy89ey2r21lMvaeKYz6jzCxRYwrd7r+xfJB22D4b6Qlxg\n"
    "BuGJKPRcdIQr73t+kr3u+mg9\n"
    "-----END PRIVATE KEY-----\n";
inline constexpr std::string_view kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICqDCCAZCgAwIBAgIUAbwOLoAThCUxu6b7Kyg+Xoys4l4wDQYJKoZIhvcNAQEL\n"
    "BQAwDjEMMAoGA1UEAwwDaWRwMB4XDTI1MTAyMDEyMDAwMFoXDTI2MTEyMzEyMDAw\n"
    "MFowDjEMMAoGA1UEAwwDaWRwMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC\n"
    "AQEArvI/GeoCLFAM9jWuVc2B5QQBKY0hWFvp6jYOJLCA3bTbKj7kvwMGcS2EWAk6\n"
    "TIowogXZm0MZfOantuOqiX7jXlE2rgTuJ2MXK5XyeBEPhJm08PGyCOXipam81r5S\n"
    "upcSBIeS6gW6MQti/2tknIT6yxsYAra2a4A1Uo66AMxbvKRUr+w2Y68OWYL/xDEN\n"
    "uZXMklouLNC1u/fFbd8A10lDItOWm8ygWSszwCZba/NVY6xYi8NiCFmUtryG6M3u\n"
    "9HLAFTWbiI1x3BQoQt1JqFU6NoWHGaSZA05iqe2kzCAmEWyevZeqnPC7Xj8dGdos\n"
    "IuZvqpgW8VuYIsAdWc91zxTfWwIDAQABMA0GCSqGSIb3DQEBCwUAA4IBAQB20rmy\n"
    "V2e3tSXpzau4pwKMrEwvQ1aHNYXpQ8LR9DTEp153/v6ZWc8wWzwNGRh43p2GY4Gz\n"
    "spnqPbu3MoKMY08wmisILOWjvzVRNPMoR1QLmYBT+lG6EyKcdnsxMEviv9I+uizE\n"
    "hLV1KVNEe+NG6yldQzV62ZrabVJuJ+niTKW4XDIVQcAybwZkdZUGXNfKJkR3G04V\n"
    "SRFM4F9ASU1MjZcmJbC7ETU+pBkao2WJPtvs7VnZGEu2C3IIpoE/oV1YSv2DWOWE\n"
    "IyMVuKlBYCmDk+wMw+VyLsJ7l2aO8cYPtLqSfkNpVR2fzaV3Y8+2HURmXL0Umiri\n"
    "wuoE+pm5QFsSWfYW\n"
    "-----END CERTIFICATE-----\n";
inline constexpr std::string_view kStranger =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICsjCCAZqgAwIBAgIUZbOIKonXPy0Y1ICQIR5SnDq1xbUwDQYJKoZIhvcNAQEL\n"
    "BQAwEzERMA8GA1UEAwwIYXR0YWNrZXIwHhcNMjUxMDIwMTIwMDAwWhcNMjYxMTIz\n"
    "MTIwMDAwWjATMREwDwYDVQQDDAhhdHRhY2tlcjCCASIwDQYJKoZIhvcNAQEBBQAD\n"
    "ggEPADCCAQoCggEBAOIk0jniwpDBiR7GgoMj+TJQDJ+g6zcoSvIC1bjmLdi2df77\n"
    "yVFokrLTpEQYqcfS9/Z4sP1UqfARGxX3OEpXxvI1Svm0XFVCX0dR1f82YuGNvCoK\n"
    "/QNF9MxqujzR8L7g1M85HOEw6NJobYCq8LuzY3H+Mjfl6OH2zhXjm4gM4YQBvlnc\n"
    "/qhfSaBkV6Mztt3VZi1jY4lesFdzYA9VawhWuFtK/PpQdGeEQD6UtcvS57HBYh6K\n"
    "/6UcABYb42nnSDOAHjo6dDAQTHu67GVSOLssIEsg+KjZlOwvdc0IKVxkZIDw0mux\n"
    "33UHMlfnzUmammUFIbPaflbgh6zRmVXbQaSIqKMCAwEAATANBgkqhkiG9w0BAQsF\n"
    "AAOCAQEAXXX6IwNRPcIX7wikBQaxNHF0z0bcAw1a7UJzOtBk4gWy79ybahoyG/Mt\n"
    "VyJ1XoX2Nf9iPnIXkDvuFoKiTbXNFmi08q7ge0YVyer/lFlbybIy0XWdIxYxFMGT\n"
    "TzG7od7VG8eX67C0ZPa8g0Dczk57k/65cfnVb2DM2qgLG9pxTSE2C/rOxEmDjU5j\n"
    "lohvu9BsdvZdesaKs8lY/5IVNB3uSiuUhp2rFFp5rHcgdRvJnHdqDWpOZskFK49T\n"
    "8b4m5u0UzZtBq9z64GqVCsH5gZSo5Vsyr+x5fGJjfEUp/s3pcT161gveQspK+lta\n"
    "t5zqGATSbBzs5APY0rr9+jJ2nQgZFg==\n"
    "-----END CERTIFICATE-----\n";

}  // namespace fuzz
