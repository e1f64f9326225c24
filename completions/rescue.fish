# fish completion of rescue; made from its flag table
function __rescue_at
  set -l at ''
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    if contains -- $word --context --server --ca --ca-pin --output -o --email --password-file --device --current-password-file --new-password-file --code-file --name --role --limit --reset --note --customer --state --technician --timeout --script --record --record-to --format --receive-dir --profile --linger --reason --session --type --source --since --until --text --order --lines -n --out --key --at --every --codec --fps --from --to --size --overlay --subtitles --jobs --speed --player
      set skip 1
      continue
    end
    switch "$at $word"
      case ' login'
        set at ' login'
      case ' logout'
        set at ' logout'
      case ' whoami'
        set at ' whoami'
      case ' passwd'
        set at ' passwd'
      case ' accept-invitation'
        set at ' accept-invitation'
      case ' context'
        set at ' context'
      case ' context list'
        set at ' context list'
      case ' context use'
        set at ' context use'
      case ' context show'
        set at ' context show'
      case ' context remove'
        set at ' context remove'
      case ' admin'
        set at ' admin'
      case ' admin user'
        set at ' admin user'
      case ' admin user add'
        set at ' admin user add'
      case ' admin user list'
        set at ' admin user list'
      case ' admin user show'
        set at ' admin user show'
      case ' admin user set'
        set at ' admin user set'
      case ' admin user disable'
        set at ' admin user disable'
      case ' admin user enable'
        set at ' admin user enable'
      case ' admin user unlock'
        set at ' admin user unlock'
      case ' admin user reset-password'
        set at ' admin user reset-password'
      case ' admin user invite'
        set at ' admin user invite'
      case ' admin user remove'
        set at ' admin user remove'
      case ' admin policy'
        set at ' admin policy'
      case ' admin policy show'
        set at ' admin policy show'
      case ' admin policy set'
        set at ' admin policy set'
      case ' admin gateway'
        set at ' admin gateway'
      case ' admin gateway enroll'
        set at ' admin gateway enroll'
      case ' admin gateway list'
        set at ' admin gateway list'
      case ' admin gateway drain'
        set at ' admin gateway drain'
      case ' admin gateway resume'
        set at ' admin gateway resume'
      case ' admin gateway remove'
        set at ' admin gateway remove'
      case ' session'
        set at ' session'
      case ' session create'
        set at ' session create'
      case ' session list'
        set at ' session list'
      case ' session show'
        set at ' session show'
      case ' session watch'
        set at ' session watch'
      case ' session wait'
        set at ' session wait'
      case ' session pickup'
        set at ' session pickup'
      case ' session attach'
        set at ' session attach'
      case ' session close'
        set at ' session close'
      case ' session note'
        set at ' session note'
      case ' log'
        set at ' log'
      case ' log query'
        set at ' log query'
      case ' log tail'
        set at ' log tail'
      case ' log show'
        set at ' log show'
      case ' recording'
        set at ' recording'
      case ' recording keygen'
        set at ' recording keygen'
      case ' recording info'
        set at ' recording info'
      case ' recording verify'
        set at ' recording verify'
      case ' recording repair'
        set at ' recording repair'
      case ' recording frames'
        set at ' recording frames'
      case ' recording events'
        set at ' recording events'
      case ' recording convert'
        set at ' recording convert'
      case ' recording play'
        set at ' recording play'
      case ' recording import'
        set at ' recording import'
      case ' completion'
        set at ' completion'
      case ' version'
        set at ' version'
      case ' help'
        set at ' help'
    end
  end
  test "$at" = "$argv[1]"
end
complete -c rescue -f
complete -c rescue -l context -d 'use this saved context' -x
complete -c rescue -l server -d 'the site\'s broker' -x
complete -c rescue -l ca -d 'trust the certificate authority in FILE (PEM)' -r -F
complete -c rescue -l ca-pin -d 'trust the site\'s own authority with this key hash (64 hex digits, printed by rescue-broker init)' -x
complete -c rescue -s o -l output -d 'output format' -x -a 'table json jsonl csv name'
complete -c rescue -l no-color -d 'no colour'
complete -c rescue -s q -l quiet -d 'no progress and no hints on standard error'
complete -c rescue -s v -l verbose -d 'say more on standard error'
complete -c rescue -n "__rescue_at ''" -a login -d 'sign in and save a context'
complete -c rescue -n "__rescue_at ''" -a logout -d 'end the sign-in and forget the token'
complete -c rescue -n "__rescue_at ''" -a whoami -d 'show the account that is signed in'
complete -c rescue -n "__rescue_at ''" -a passwd -d 'change the own password'
complete -c rescue -n "__rescue_at ''" -a accept-invitation -d 'set the first password with an invitation'
complete -c rescue -n "__rescue_at ''" -a context -d 'sites that this user is signed in to'
complete -c rescue -n "__rescue_at ''" -a admin -d 'administer accounts and gateways'
complete -c rescue -n "__rescue_at ''" -a session -d 'create, pick up and close support sessions'
complete -c rescue -n "__rescue_at ''" -a log -d 'query the session log'
complete -c rescue -n "__rescue_at ''" -a recording -d 'inspect and convert recordings'
complete -c rescue -n "__rescue_at ''" -a completion -d 'print the completion script of a shell'
complete -c rescue -n "__rescue_at ''" -a version -d 'show the version'
complete -c rescue -n "__rescue_at ''" -a help -d 'explain a command or a topic'
complete -c rescue -n "__rescue_at ' login'" -l email -d 'account to sign in with' -x
complete -c rescue -n "__rescue_at ' login'" -l password-stdin -d 'read the password from standard input'
complete -c rescue -n "__rescue_at ' login'" -l password-file -d 'read the password from FILE' -r -F
complete -c rescue -n "__rescue_at ' login'" -l device -d 'name of this device in the log; the host name without it' -x
complete -c rescue -n "__rescue_at ' passwd'" -l current-password-stdin -d 'read the present password from standard input'
complete -c rescue -n "__rescue_at ' passwd'" -l current-password-file -d 'read the present password from FILE' -r -F
complete -c rescue -n "__rescue_at ' passwd'" -l new-password-stdin -d 'read the new password from standard input'
complete -c rescue -n "__rescue_at ' passwd'" -l new-password-file -d 'read the new password from FILE' -r -F
complete -c rescue -n "__rescue_at ' accept-invitation'" -l code-stdin -d 'read the invitation: its link, or the code in it from standard input'
complete -c rescue -n "__rescue_at ' accept-invitation'" -l code-file -d 'read the invitation: its link, or the code in it from FILE' -r -F
complete -c rescue -n "__rescue_at ' accept-invitation'" -l new-password-stdin -d 'read the password to set from standard input'
complete -c rescue -n "__rescue_at ' accept-invitation'" -l new-password-file -d 'read the password to set from FILE' -r -F
complete -c rescue -n "__rescue_at ' context'" -a list -d 'list saved contexts'
complete -c rescue -n "__rescue_at ' context'" -a use -d 'make a context the current one'
complete -c rescue -n "__rescue_at ' context'" -a show -d 'show one context'
complete -c rescue -n "__rescue_at ' context'" -a remove -d 'forget a context and its token'
complete -c rescue -n "__rescue_at ' admin'" -a user -d 'accounts'
complete -c rescue -n "__rescue_at ' admin'" -a policy -d 'settings of the site'
complete -c rescue -n "__rescue_at ' admin'" -a gateway -d 'gateways'
complete -c rescue -n "__rescue_at ' admin user'" -a add -d 'make an account'
complete -c rescue -n "__rescue_at ' admin user'" -a list -d 'list accounts'
complete -c rescue -n "__rescue_at ' admin user'" -a show -d 'show one account'
complete -c rescue -n "__rescue_at ' admin user'" -a set -d 'change address, name or role of an account'
complete -c rescue -n "__rescue_at ' admin user'" -a disable -d 'disable an account and end its sessions'
complete -c rescue -n "__rescue_at ' admin user'" -a enable -d 'enable a disabled account'
complete -c rescue -n "__rescue_at ' admin user'" -a unlock -d 'unlock an account after failed sign-ins'
complete -c rescue -n "__rescue_at ' admin user'" -a reset-password -d 'give an account a new initial password'
complete -c rescue -n "__rescue_at ' admin user'" -a invite -d 'make a one-time link with which a person sets the password'
complete -c rescue -n "__rescue_at ' admin user'" -a remove -d 'remove an account'
complete -c rescue -n "__rescue_at ' admin user add'" -l name -d 'name that supported users see' -x
complete -c rescue -n "__rescue_at ' admin user add'" -l role -d 'what the account may do' -x -a 'technician administrator auditor'
complete -c rescue -n "__rescue_at ' admin user add'" -l password-stdin -d 'read the initial password from standard input'
complete -c rescue -n "__rescue_at ' admin user add'" -l password-file -d 'read the initial password from FILE' -r -F
complete -c rescue -n "__rescue_at ' admin user add'" -l invite -d 'print a one-time link with which the person sets the password; no password is made'
complete -c rescue -n "__rescue_at ' admin user list'" -l limit -d 'show at most N' -x
complete -c rescue -n "__rescue_at ' admin user list'" -l all -d 'show everything, whatever --limit says'
complete -c rescue -n "__rescue_at ' admin user set'" -l email -d 'new e-mail address' -x
complete -c rescue -n "__rescue_at ' admin user set'" -l name -d 'new name' -x
complete -c rescue -n "__rescue_at ' admin user set'" -l role -d 'new role' -x -a 'technician administrator auditor'
complete -c rescue -n "__rescue_at ' admin user remove'" -s y -l yes -d 'do not ask'
complete -c rescue -n "__rescue_at ' admin policy'" -a show -d 'show the settings of the site'
complete -c rescue -n "__rescue_at ' admin policy'" -a set -d 'change settings of the site'
complete -c rescue -n "__rescue_at ' admin policy set'" -l reset -d 'set a setting back to its default' -x
complete -c rescue -n "__rescue_at ' admin gateway'" -a enroll -d 'make a one-time token for a new gateway'
complete -c rescue -n "__rescue_at ' admin gateway'" -a list -d 'list gateways'
complete -c rescue -n "__rescue_at ' admin gateway'" -a drain -d 'send no new sessions to a gateway'
complete -c rescue -n "__rescue_at ' admin gateway'" -a resume -d 'send sessions to a drained gateway again'
complete -c rescue -n "__rescue_at ' admin gateway'" -a remove -d 'remove a gateway; its key is worthless then'
complete -c rescue -n "__rescue_at ' admin gateway remove'" -s y -l yes -d 'do not ask'
complete -c rescue -n "__rescue_at ' session'" -a create -d 'create a session and get its PIN'
complete -c rescue -n "__rescue_at ' session'" -a list -d 'list sessions, newest first'
complete -c rescue -n "__rescue_at ' session'" -a show -d 'show one session'
complete -c rescue -n "__rescue_at ' session'" -a watch -d 'print each change of one or all sessions as it happens'
complete -c rescue -n "__rescue_at ' session'" -a wait -d 'wait until a session is in a state'
complete -c rescue -n "__rescue_at ' session'" -a pickup -d 'pick a session up and talk to the user'
complete -c rescue -n "__rescue_at ' session'" -a attach -d 'join a session that was picked up on this machine'
complete -c rescue -n "__rescue_at ' session'" -a close -d 'end a session for everybody'
complete -c rescue -n "__rescue_at ' session'" -a note -d 'replace the note of a session'
complete -c rescue -n "__rescue_at ' session create'" -l private -d 'a session for oneself, entered by PIN; the only kind now'
complete -c rescue -n "__rescue_at ' session create'" -l note -d 'note for oneself and the log' -x
complete -c rescue -n "__rescue_at ' session create'" -l customer -d 'what is known of the person who is helped' -x
complete -c rescue -n "__rescue_at ' session list'" -l state -d 'only sessions in this state' -x -a 'created waiting active on_hold transferring reconnecting rebooting offline closed timed_out aborted'
complete -c rescue -n "__rescue_at ' session list'" -l technician -d 'only sessions of this technician' -x
complete -c rescue -n "__rescue_at ' session list'" -l limit -d 'show at most N' -x
complete -c rescue -n "__rescue_at ' session list'" -l all -d 'show everything, whatever --limit says'
complete -c rescue -n "__rescue_at ' session wait'" -l state -d 'wait for this state' -x -a 'created waiting active on_hold transferring reconnecting rebooting offline closed timed_out aborted'
complete -c rescue -n "__rescue_at ' session wait'" -l timeout -d 'give up after that long' -x
complete -c rescue -n "__rescue_at ' session pickup'" -l script -d 'drive the session by JSON lines from FILE, \'-\' for standard input (man rescue-script)' -r -F
complete -c rescue -n "__rescue_at ' session pickup'" -l in-order -d 'with --script -: begin each command after the one before has ended'
complete -c rescue -n "__rescue_at ' session pickup'" -l record -d 'record to a file in DIR as soon as the user allows it' -x -a '(__fish_complete_directories)'
complete -c rescue -n "__rescue_at ' session pickup'" -l record-to -d 'encrypt recordings so that only the private key of this public one (PEM) opens them' -r -F
complete -c rescue -n "__rescue_at ' session pickup'" -l format -d 'what a recording becomes when it is done; a video takes its place once it is written and checked' -x -a 'rcrec avi mkv mp4'
complete -c rescue -n "__rescue_at ' session pickup'" -l keep-recording -d 'keep the recording beside its video'
complete -c rescue -n "__rescue_at ' session pickup'" -l receive-dir -d 'folder for received files; without it the current one' -x -a '(__fish_complete_directories)'
complete -c rescue -n "__rescue_at ' session pickup'" -l join -d 'take part beside the technician who has the session'
complete -c rescue -n "__rescue_at ' session pickup'" -l profile -d 'TLS between the two ends: modern is TLS 1.3; aes256-sha is TLS 1.2 without forward secrecy, where the site and the applet allow it' -x -a 'modern aes256-sha'
complete -c rescue -n "__rescue_at ' session pickup'" -s d -l detach -d 'leave the session to the background process at once'
complete -c rescue -n "__rescue_at ' session pickup'" -l timeout -d 'how long to wait for the supported machine' -x
complete -c rescue -n "__rescue_at ' session pickup'" -l linger -d 'how long the background process stays after the last view left' -x
complete -c rescue -n "__rescue_at ' session attach'" -l script -d 'JSON lines instead of a chat, from FILE or \'-\' (man rescue-script)' -r -F
complete -c rescue -n "__rescue_at ' session attach'" -l in-order -d 'with --script -: begin each command after the one before has ended'
complete -c rescue -n "__rescue_at ' session close'" -l reason -d 'reason, for the user and the log' -x
complete -c rescue -n "__rescue_at ' log'" -a query -d 'search the log'
complete -c rescue -n "__rescue_at ' log'" -a tail -d 'show the newest events, and new ones as they come'
complete -c rescue -n "__rescue_at ' log'" -a show -d 'show one event, or the whole log of a session'
complete -c rescue -n "__rescue_at ' log query'" -l session -d 'only of this session' -x
complete -c rescue -n "__rescue_at ' log query'" -l technician -d 'only of sessions of this technician' -x
complete -c rescue -n "__rescue_at ' log query'" -l type -d 'only of this type; \'file.*\' is a family' -x
complete -c rescue -n "__rescue_at ' log query'" -l source -d 'only from this source' -x -a 'console applet gateway broker'
complete -c rescue -n "__rescue_at ' log query'" -l since -d 'from this time on (RFC 3339, or 2h for two hours ago)' -x
complete -c rescue -n "__rescue_at ' log query'" -l until -d 'before this time' -x
complete -c rescue -n "__rescue_at ' log query'" -l text -d 'only with these words' -x
complete -c rescue -n "__rescue_at ' log query'" -l order -d 'oldest or newest first' -x -a 'asc desc'
complete -c rescue -n "__rescue_at ' log query'" -l limit -d 'show at most N' -x
complete -c rescue -n "__rescue_at ' log query'" -l all -d 'show everything, whatever --limit says'
complete -c rescue -n "__rescue_at ' log tail'" -l session -d 'only of this session' -x
complete -c rescue -n "__rescue_at ' log tail'" -l technician -d 'only of sessions of this technician' -x
complete -c rescue -n "__rescue_at ' log tail'" -l type -d 'only of this type; \'file.*\' is a family' -x
complete -c rescue -n "__rescue_at ' log tail'" -l source -d 'only from this source' -x -a 'console applet gateway broker'
complete -c rescue -n "__rescue_at ' log tail'" -s n -l lines -d 'begin with the last N events' -x
complete -c rescue -n "__rescue_at ' log tail'" -s f -l follow -d 'go on with new events as they come'
complete -c rescue -n "__rescue_at ' recording'" -a keygen -d 'make keys for encrypted recordings'
complete -c rescue -n "__rescue_at ' recording'" -a info -d 'show what is in recordings'
complete -c rescue -n "__rescue_at ' recording'" -a verify -d 'check every byte of recordings'
complete -c rescue -n "__rescue_at ' recording'" -a repair -d 'make a whole copy of a damaged recording'
complete -c rescue -n "__rescue_at ' recording'" -a frames -d 'take pictures (PNG) from a recording'
complete -c rescue -n "__rescue_at ' recording'" -a events -d 'list chat and events of a recording'
complete -c rescue -n "__rescue_at ' recording'" -a convert -d 'make a video from recordings'
complete -c rescue -n "__rescue_at ' recording'" -a play -d 'show recordings in a player'
complete -c rescue -n "__rescue_at ' recording'" -a import -d 'make a recording from a video'
complete -c rescue -n "__rescue_at ' recording keygen'" -s o -l out -d 'the private key; the public one goes to FILE.pub' -r -F
complete -c rescue -n "__rescue_at ' recording info'" -l key -d 'private key (PEM) that opens encrypted recordings' -r -F
complete -c rescue -n "__rescue_at ' recording info'" -F
complete -c rescue -n "__rescue_at ' recording verify'" -l key -d 'private key (PEM) that opens encrypted recordings' -r -F
complete -c rescue -n "__rescue_at ' recording verify'" -F
complete -c rescue -n "__rescue_at ' recording repair'" -s o -l out -d 'the repaired copy' -r -F
complete -c rescue -n "__rescue_at ' recording repair'" -l key -d 'private key (PEM) that opens encrypted recordings' -r -F
complete -c rescue -n "__rescue_at ' recording repair'" -F
complete -c rescue -n "__rescue_at ' recording frames'" -s o -l out -d 'folder for the pictures' -x -a '(__fish_complete_directories)'
complete -c rescue -n "__rescue_at ' recording frames'" -l at -d 'the picture at this time from the start' -x
complete -c rescue -n "__rescue_at ' recording frames'" -l every -d 'a picture each TIME' -x
complete -c rescue -n "__rescue_at ' recording frames'" -l key -d 'private key (PEM) that opens encrypted recordings' -r -F
complete -c rescue -n "__rescue_at ' recording frames'" -F
complete -c rescue -n "__rescue_at ' recording events'" -l key -d 'private key (PEM) that opens encrypted recordings' -r -F
complete -c rescue -n "__rescue_at ' recording events'" -F
complete -c rescue -n "__rescue_at ' recording convert'" -s o -l out -d 'the video (.avi, .mkv, .mp4 or .webm), a folder for one video of each recording, or - for Matroska on standard output' -r -F
complete -c rescue -n "__rescue_at ' recording convert'" -l codec -d 'video codec; without it h264, for WebM vp9' -x -a 'h264 mpeg4 zmbv vp9 ffv1 mjpeg'
complete -c rescue -n "__rescue_at ' recording convert'" -l fps -d 'pictures per second, 1 to 60, or vfr: one where something changes (not AVI)' -x
complete -c rescue -n "__rescue_at ' recording convert'" -l from -d 'begin at this time of the recordings one after the other' -x
complete -c rescue -n "__rescue_at ' recording convert'" -l to -d 'end at this time' -x
complete -c rescue -n "__rescue_at ' recording convert'" -l size -d 'size of the video; the picture keeps its shape' -x
complete -c rescue -n "__rescue_at ' recording convert'" -l overlay -d 'draw into the picture what PARTS names, separated by commas: chat, events, clock' -x
complete -c rescue -n "__rescue_at ' recording convert'" -l subtitles -d 'chat and events as subtitles: beside the video (FILE.srt) or inside (not AVI)' -x -a 'none beside inside'
complete -c rescue -n "__rescue_at ' recording convert'" -l jobs -d 'work on N things at a time: parts of one recording, or recordings of a folder; without it as many as suit the processors. The videos are the same' -x
complete -c rescue -n "__rescue_at ' recording convert'" -l no-cursor -d 'leave the mouse pointer out'
complete -c rescue -n "__rescue_at ' recording convert'" -l sidecars -d 'also write chat and events to FILE.srt and FILE.events.jsonl'
complete -c rescue -n "__rescue_at ' recording convert'" -l force -d 'replace existing files'
complete -c rescue -n "__rescue_at ' recording convert'" -l skip-existing -d 'for a folder: leave videos alone that are there, to go on with what was interrupted'
complete -c rescue -n "__rescue_at ' recording convert'" -l key -d 'private key (PEM) that opens encrypted recordings' -r -F
complete -c rescue -n "__rescue_at ' recording convert'" -F
complete -c rescue -n "__rescue_at ' recording play'" -l from -d 'begin at this time of the recordings one after the other' -x
complete -c rescue -n "__rescue_at ' recording play'" -l to -d 'end at this time' -x
complete -c rescue -n "__rescue_at ' recording play'" -l speed -d 'as many times as fast, 0.1 to 100' -x
complete -c rescue -n "__rescue_at ' recording play'" -l player -d 'mpv, ffplay, vlc, or any program that plays Matroska from its standard input; without it the first of these in PATH' -x
complete -c rescue -n "__rescue_at ' recording play'" -l overlay -d 'draw into the picture what PARTS names, separated by commas: chat, events, clock' -x
complete -c rescue -n "__rescue_at ' recording play'" -l no-cursor -d 'leave the mouse pointer out'
complete -c rescue -n "__rescue_at ' recording play'" -l key -d 'private key (PEM) that opens encrypted recordings' -r -F
complete -c rescue -n "__rescue_at ' recording play'" -F
complete -c rescue -n "__rescue_at ' recording import'" -s o -l out -d 'the recording; it must not exist' -r -F
complete -c rescue -n "__rescue_at ' recording import'" -F
complete -c rescue -n "__rescue_at ' completion'" -x -a 'bash zsh fish'
complete -c rescue -s h -l help -d 'show help'
