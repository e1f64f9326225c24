# bash completion of rescue; made from its flag table
_rescue() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at= i words=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --context|--server|--ca|--ca-pin|--output|-o|--email|--password-file|--device|--current-password-file|--new-password-file|--name|--role|--limit|--note|--customer|--state|--technician|--timeout|--script|--record|--receive-dir|--profile|--linger|--reason|--session|--type|--source|--since|--until|--text|--order|--lines|-n|--out|--at|--every|--codec|--fps|--from|--to|--size|--jobs) ((i++)) ; continue ;;
    esac
    case "$at ${COMP_WORDS[i]}" in
      ' login') at=' login' ;;
      ' logout') at=' logout' ;;
      ' whoami') at=' whoami' ;;
      ' passwd') at=' passwd' ;;
      ' context') at=' context' ;;
      ' context list') at=' context list' ;;
      ' context use') at=' context use' ;;
      ' context show') at=' context show' ;;
      ' context remove') at=' context remove' ;;
      ' admin') at=' admin' ;;
      ' admin user') at=' admin user' ;;
      ' admin user add') at=' admin user add' ;;
      ' admin user list') at=' admin user list' ;;
      ' admin user show') at=' admin user show' ;;
      ' admin user set') at=' admin user set' ;;
      ' admin user disable') at=' admin user disable' ;;
      ' admin user enable') at=' admin user enable' ;;
      ' admin user unlock') at=' admin user unlock' ;;
      ' admin user reset-password') at=' admin user reset-password' ;;
      ' admin user remove') at=' admin user remove' ;;
      ' admin gateway') at=' admin gateway' ;;
      ' admin gateway enroll') at=' admin gateway enroll' ;;
      ' admin gateway list') at=' admin gateway list' ;;
      ' admin gateway drain') at=' admin gateway drain' ;;
      ' admin gateway resume') at=' admin gateway resume' ;;
      ' admin gateway remove') at=' admin gateway remove' ;;
      ' session') at=' session' ;;
      ' session create') at=' session create' ;;
      ' session list') at=' session list' ;;
      ' session show') at=' session show' ;;
      ' session watch') at=' session watch' ;;
      ' session wait') at=' session wait' ;;
      ' session pickup') at=' session pickup' ;;
      ' session attach') at=' session attach' ;;
      ' session close') at=' session close' ;;
      ' session note') at=' session note' ;;
      ' log') at=' log' ;;
      ' log query') at=' log query' ;;
      ' log tail') at=' log tail' ;;
      ' log show') at=' log show' ;;
      ' recording') at=' recording' ;;
      ' recording info') at=' recording info' ;;
      ' recording verify') at=' recording verify' ;;
      ' recording repair') at=' recording repair' ;;
      ' recording frames') at=' recording frames' ;;
      ' recording events') at=' recording events' ;;
      ' recording convert') at=' recording convert' ;;
      ' completion') at=' completion' ;;
      ' version') at=' version' ;;
      ' help') at=' help' ;;
    esac
  done
  at=${at# }
  case "$at:$prev" in
    'login':--email) return ;;
    'login':--password-file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'login':--device) return ;;
    'passwd':--current-password-file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'passwd':--new-password-file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'admin user add':--name) return ;;
    'admin user add':--role) COMPREPLY=($(compgen -W 'technician administrator auditor' -- "$cur")); return ;;
    'admin user add':--password-file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'admin user list':--limit) return ;;
    'admin user set':--email) return ;;
    'admin user set':--name) return ;;
    'admin user set':--role) COMPREPLY=($(compgen -W 'technician administrator auditor' -- "$cur")); return ;;
    'session create':--note) return ;;
    'session create':--customer) return ;;
    'session list':--state) COMPREPLY=($(compgen -W 'created waiting active on_hold transferring reconnecting rebooting offline closed timed_out aborted' -- "$cur")); return ;;
    'session list':--technician) return ;;
    'session list':--limit) return ;;
    'session wait':--state) COMPREPLY=($(compgen -W 'created waiting active on_hold transferring reconnecting rebooting offline closed timed_out aborted' -- "$cur")); return ;;
    'session wait':--timeout) return ;;
    'session pickup':--script) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'session pickup':--record) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")); return ;;
    'session pickup':--receive-dir) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")); return ;;
    'session pickup':--timeout) return ;;
    'session pickup':--profile) COMPREPLY=($(compgen -W 'modern aes256-sha' -- "$cur")); return ;;
    'session pickup':--linger) return ;;
    'session attach':--script) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'session close':--reason) return ;;
    'log query':--session) return ;;
    'log query':--technician) return ;;
    'log query':--type) return ;;
    'log query':--source) COMPREPLY=($(compgen -W 'console applet gateway broker' -- "$cur")); return ;;
    'log query':--since) return ;;
    'log query':--until) return ;;
    'log query':--text) return ;;
    'log query':--order) COMPREPLY=($(compgen -W 'asc desc' -- "$cur")); return ;;
    'log query':--limit) return ;;
    'log tail':--session) return ;;
    'log tail':--technician) return ;;
    'log tail':--type) return ;;
    'log tail':--source) COMPREPLY=($(compgen -W 'console applet gateway broker' -- "$cur")); return ;;
    'log tail':--lines|'log tail':-n) return ;;
    'recording repair':--out|'recording repair':-o) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'recording frames':--out|'recording frames':-o) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")); return ;;
    'recording frames':--at) return ;;
    'recording frames':--every) return ;;
    'recording convert':--out|'recording convert':-o) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'recording convert':--codec) COMPREPLY=($(compgen -W 'h264 mpeg4 zmbv vp9' -- "$cur")); return ;;
    'recording convert':--fps) return ;;
    *:--context) return ;;
    *:--server) return ;;
    *:--ca) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    *:--ca-pin) return ;;
    *:--output|*:-o) COMPREPLY=($(compgen -W 'table json jsonl csv name' -- "$cur")); return ;;
  esac
  case "$at:$cur" in
    '':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    '':*) words='login logout whoami passwd context admin session log recording completion version help' ;;
    'login':-*) words='--email --password-stdin --password-file --device --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'logout':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'whoami':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'passwd':-*) words='--current-password-stdin --current-password-file --new-password-stdin --new-password-file --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'context':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'context':*) words='list use show remove' ;;
    'context list':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'context use':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'context show':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'context remove':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin':*) words='user gateway' ;;
    'admin user':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user':*) words='add list show set disable enable unlock reset-password remove' ;;
    'admin user add':-*) words='--name --role --password-stdin --password-file --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user list':-*) words='--limit --all --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user show':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user set':-*) words='--email --name --role --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user disable':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user enable':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user unlock':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user reset-password':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin user remove':-*) words='--yes --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin gateway':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin gateway':*) words='enroll list drain resume remove' ;;
    'admin gateway enroll':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin gateway list':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin gateway drain':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin gateway resume':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'admin gateway remove':-*) words='--yes --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session':*) words='create list show watch wait pickup attach close note' ;;
    'session create':-*) words='--private --note --customer --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session list':-*) words='--state --technician --limit --all --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session show':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session watch':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session wait':-*) words='--state --timeout --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session pickup':-*) words='--script --in-order --record --receive-dir --join --profile --detach --timeout --linger --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session attach':-*) words='--script --in-order --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session close':-*) words='--reason --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'session note':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'log':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'log':*) words='query tail show' ;;
    'log query':-*) words='--session --technician --type --source --since --until --text --order --limit --all --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'log tail':-*) words='--session --technician --type --source --lines --follow --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'log show':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'recording':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'recording':*) words='info verify repair frames events convert' ;;
    'recording info':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'recording info':*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'recording verify':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'recording verify':*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'recording repair':-*) words='--out --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'recording repair':*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'recording frames':-*) words='--out --at --every --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'recording frames':*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'recording events':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'recording events':*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'recording convert':-*) words='--out --codec --fps --no-cursor --sidecars --force --context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'recording convert':*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    'completion':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'completion':*) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")); return ;;
    'version':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
    'help':-*) words='--context --server --ca --ca-pin --output --no-color --quiet --verbose --help' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _rescue rescue
