# fish completion of rescue; made from its flag table
function __rescue_at
  set -l at ''
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    if contains -- $word --context --server --ca --ca-pin --output -o --request-id --email --password-file --code-file --device --timeout --current-password-file --new-password-file --file -f --format --invitations --name --role --group --limit --allow-network --max-sessions --description --permission --single-prompt --force-recording --require-sas --omit-chat-text --require-mfa --require-sso --consent-timeout --inactivity-timeout --scope --expires --reset --as --action --channel --idp-metadata --enabled --entity-id --idp-initiated --provision --email-attribute --name-attribute --group-attribute --map --sp-entity-id --acs --now --key --user --note --customer --state --technician --queue --script --record --record-to --receive-dir --profile --linger --reason --to --comment --session --type --source --since --until --text --order --lines -n --out --at --every --codec --fps --from --size --overlay --subtitles --jobs --speed --player
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
      case ' mfa'
        set at ' mfa'
      case ' mfa status'
        set at ' mfa status'
      case ' mfa enroll'
        set at ' mfa enroll'
      case ' mfa confirm'
        set at ' mfa confirm'
      case ' mfa codes'
        set at ' mfa codes'
      case ' mfa remove'
        set at ' mfa remove'
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
      case ' admin apply'
        set at ' admin apply'
      case ' admin export'
        set at ' admin export'
      case ' admin user'
        set at ' admin user'
      case ' admin user add'
        set at ' admin user add'
      case ' admin user list'
        set at ' admin user list'
      case ' admin user import'
        set at ' admin user import'
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
      case ' admin user reset-mfa'
        set at ' admin user reset-mfa'
      case ' admin user invite'
        set at ' admin user invite'
      case ' admin user remove'
        set at ' admin user remove'
      case ' admin group'
        set at ' admin group'
      case ' admin group add'
        set at ' admin group add'
      case ' admin group list'
        set at ' admin group list'
      case ' admin group show'
        set at ' admin group show'
      case ' admin group set'
        set at ' admin group set'
      case ' admin group remove'
        set at ' admin group remove'
      case ' admin group grant'
        set at ' admin group grant'
      case ' admin group revoke'
        set at ' admin group revoke'
      case ' admin channel'
        set at ' admin channel'
      case ' admin channel add'
        set at ' admin channel add'
      case ' admin channel list'
        set at ' admin channel list'
      case ' admin channel show'
        set at ' admin channel show'
      case ' admin channel set'
        set at ' admin channel set'
      case ' admin channel remove'
        set at ' admin channel remove'
      case ' admin channel assign'
        set at ' admin channel assign'
      case ' admin channel unassign'
        set at ' admin channel unassign'
      case ' admin token'
        set at ' admin token'
      case ' admin token add'
        set at ' admin token add'
      case ' admin token list'
        set at ' admin token list'
      case ' admin token revoke'
        set at ' admin token revoke'
      case ' admin policy'
        set at ' admin policy'
      case ' admin policy show'
        set at ' admin policy show'
      case ' admin policy set'
        set at ' admin policy set'
      case ' admin policy why'
        set at ' admin policy why'
      case ' admin policy test'
        set at ' admin policy test'
      case ' admin sso'
        set at ' admin sso'
      case ' admin sso show'
        set at ' admin sso show'
      case ' admin sso set'
        set at ' admin sso set'
      case ' admin sso test'
        set at ' admin sso test'
      case ' admin sso check'
        set at ' admin sso check'
      case ' admin sso new-key'
        set at ' admin sso new-key'
      case ' admin sso disable'
        set at ' admin sso disable'
      case ' admin sso enable'
        set at ' admin sso enable'
      case ' admin sso unlink'
        set at ' admin sso unlink'
      case ' admin sign-in'
        set at ' admin sign-in'
      case ' admin sign-in list'
        set at ' admin sign-in list'
      case ' admin sign-in end'
        set at ' admin sign-in end'
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
      case ' session hold'
        set at ' session hold'
      case ' session resume'
        set at ' session resume'
      case ' session transfer'
        set at ' session transfer'
      case ' session decline'
        set at ' session decline'
      case ' session leave'
        set at ' session leave'
      case ' session explain'
        set at ' session explain'
      case ' session close'
        set at ' session close'
      case ' session note'
        set at ' session note'
      case ' presence'
        set at ' presence'
      case ' presence set'
        set at ' presence set'
      case ' presence list'
        set at ' presence list'
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
complete -c rescue -l server -d 'the site\'s broker; unix:PATH, with its admin.sock, for root on its own machine, without sign-in' -x
complete -c rescue -l ca -d 'trust the certificate authority in FILE (PEM)' -r -F
complete -c rescue -l ca-pin -d 'trust the site\'s own authority with this key hash (64 hex digits, printed by rescue-broker init)' -x
complete -c rescue -s o -l output -d 'output format' -x -a 'table json jsonl csv name'
complete -c rescue -l request-id -d 'name for what this command changes: with the same name it is done once, and again gives the same answer' -x
complete -c rescue -l no-color -d 'no colour'
complete -c rescue -s q -l quiet -d 'no progress and no hints on standard error'
complete -c rescue -s v -l verbose -d 'say more on standard error'
complete -c rescue -n "__rescue_at ''" -a login -d 'sign in and save a context'
complete -c rescue -n "__rescue_at ''" -a logout -d 'end the sign-in and forget the token'
complete -c rescue -n "__rescue_at ''" -a whoami -d 'show the account that is signed in'
complete -c rescue -n "__rescue_at ''" -a passwd -d 'change the own password'
complete -c rescue -n "__rescue_at ''" -a accept-invitation -d 'set the first password with an invitation'
complete -c rescue -n "__rescue_at ''" -a mfa -d 'the second factor of signing in'
complete -c rescue -n "__rescue_at ''" -a context -d 'sites that this user is signed in to'
complete -c rescue -n "__rescue_at ''" -a admin -d 'administer accounts and gateways'
complete -c rescue -n "__rescue_at ''" -a session -d 'create, pick up and close support sessions'
complete -c rescue -n "__rescue_at ''" -a presence -d 'who of the technicians is there'
complete -c rescue -n "__rescue_at ''" -a log -d 'query the session log'
complete -c rescue -n "__rescue_at ''" -a recording -d 'inspect and convert recordings'
complete -c rescue -n "__rescue_at ''" -a completion -d 'print the completion script of a shell'
complete -c rescue -n "__rescue_at ''" -a version -d 'show the version'
complete -c rescue -n "__rescue_at ''" -a help -d 'explain a command or a topic'
complete -c rescue -n "__rescue_at ' login'" -l email -d 'account to sign in with' -x
complete -c rescue -n "__rescue_at ' login'" -l password-stdin -d 'read the password from standard input'
complete -c rescue -n "__rescue_at ' login'" -l password-file -d 'read the password from FILE' -r -F
complete -c rescue -n "__rescue_at ' login'" -l code-stdin -d 'read a code of the authenticator, or a recovery code from standard input'
complete -c rescue -n "__rescue_at ' login'" -l code-file -d 'read a code of the authenticator, or a recovery code from FILE' -r -F
complete -c rescue -n "__rescue_at ' login'" -l device -d 'name of this device in the log; the host name without it' -x
complete -c rescue -n "__rescue_at ' login'" -l sso -d 'sign in through the site\'s identity provider, in a browser'
complete -c rescue -n "__rescue_at ' login'" -l no-browser -d 'with --sso: open no browser, print the address; the code that it shows is typed here'
complete -c rescue -n "__rescue_at ' login'" -l sso-code -d 'sign in with the code that the site showed after a sign-in that began at the identity provider; read from the terminal or standard input'
complete -c rescue -n "__rescue_at ' login'" -l timeout -d 'with --sso: how long to wait for the browser' -x
complete -c rescue -n "__rescue_at ' passwd'" -l current-password-stdin -d 'read the present password from standard input'
complete -c rescue -n "__rescue_at ' passwd'" -l current-password-file -d 'read the present password from FILE' -r -F
complete -c rescue -n "__rescue_at ' passwd'" -l new-password-stdin -d 'read the new password from standard input'
complete -c rescue -n "__rescue_at ' passwd'" -l new-password-file -d 'read the new password from FILE' -r -F
complete -c rescue -n "__rescue_at ' accept-invitation'" -l code-stdin -d 'read the invitation: its link, or the code in it from standard input'
complete -c rescue -n "__rescue_at ' accept-invitation'" -l code-file -d 'read the invitation: its link, or the code in it from FILE' -r -F
complete -c rescue -n "__rescue_at ' accept-invitation'" -l new-password-stdin -d 'read the password to set from standard input'
complete -c rescue -n "__rescue_at ' accept-invitation'" -l new-password-file -d 'read the password to set from FILE' -r -F
complete -c rescue -n "__rescue_at ' mfa'" -a status -d 'show whether there is a second factor, and how many recovery codes are left'
complete -c rescue -n "__rescue_at ' mfa'" -a enroll -d 'set up a second factor for signing in'
complete -c rescue -n "__rescue_at ' mfa'" -a confirm -d 'confirm the second factor with its first code'
complete -c rescue -n "__rescue_at ' mfa'" -a codes -d 'make new recovery codes'
complete -c rescue -n "__rescue_at ' mfa'" -a remove -d 'give up the second factor'
complete -c rescue -n "__rescue_at ' mfa confirm'" -l code-stdin -d 'read a code of the authenticator, or a recovery code from standard input'
complete -c rescue -n "__rescue_at ' mfa confirm'" -l code-file -d 'read a code of the authenticator, or a recovery code from FILE' -r -F
complete -c rescue -n "__rescue_at ' mfa codes'" -l code-stdin -d 'read a code of the authenticator, or a recovery code from standard input'
complete -c rescue -n "__rescue_at ' mfa codes'" -l code-file -d 'read a code of the authenticator, or a recovery code from FILE' -r -F
complete -c rescue -n "__rescue_at ' mfa remove'" -l code-stdin -d 'read a code of the authenticator, or a recovery code from standard input'
complete -c rescue -n "__rescue_at ' mfa remove'" -l code-file -d 'read a code of the authenticator, or a recovery code from FILE' -r -F
complete -c rescue -n "__rescue_at ' context'" -a list -d 'list saved contexts'
complete -c rescue -n "__rescue_at ' context'" -a use -d 'make a context the current one'
complete -c rescue -n "__rescue_at ' context'" -a show -d 'show one context'
complete -c rescue -n "__rescue_at ' context'" -a remove -d 'forget a context and its token'
complete -c rescue -n "__rescue_at ' admin'" -a apply -d 'make the site like files describe it'
complete -c rescue -n "__rescue_at ' admin'" -a export -d 'print what apply can describe, as TOML'
complete -c rescue -n "__rescue_at ' admin'" -a user -d 'accounts'
complete -c rescue -n "__rescue_at ' admin'" -a group -d 'technician groups and what they may do'
complete -c rescue -n "__rescue_at ' admin'" -a channel -d 'channels'
complete -c rescue -n "__rescue_at ' admin'" -a token -d 'API tokens of service accounts'
complete -c rescue -n "__rescue_at ' admin'" -a policy -d 'settings of the site'
complete -c rescue -n "__rescue_at ' admin'" -a sso -d 'sign-in through an identity provider'
complete -c rescue -n "__rescue_at ' admin'" -a sign-in -d 'sign-ins that last'
complete -c rescue -n "__rescue_at ' admin'" -a gateway -d 'gateways'
complete -c rescue -n "__rescue_at ' admin apply'" -s f -l file -d 'what the site shall be like: TOML, .csv (people) or .json; \'-\' reads standard input. Several are put together' -r -F
complete -c rescue -n "__rescue_at ' admin apply'" -l format -d 'of all files, whatever their names say' -x -a 'toml csv json'
complete -c rescue -n "__rescue_at ' admin apply'" -l dry-run -d 'say what would be done, and do nothing'
complete -c rescue -n "__rescue_at ' admin apply'" -l prune -d 'delete what the sections of the files do not name'
complete -c rescue -n "__rescue_at ' admin apply'" -l continue-on-error -d 'keep what succeeds where something fails (exit code 3)'
complete -c rescue -n "__rescue_at ' admin apply'" -l invitations -d 'invite the people who are made: a new FILE (CSV, readable by its owner alone) gets their addresses and one-time links' -r -F
complete -c rescue -n "__rescue_at ' admin user'" -a add -d 'make an account'
complete -c rescue -n "__rescue_at ' admin user'" -a list -d 'list accounts'
complete -c rescue -n "__rescue_at ' admin user'" -a import -d 'make and change accounts from a CSV file'
complete -c rescue -n "__rescue_at ' admin user'" -a show -d 'show one account'
complete -c rescue -n "__rescue_at ' admin user'" -a set -d 'change address, name, role, group, networks or limit of an account'
complete -c rescue -n "__rescue_at ' admin user'" -a disable -d 'disable an account and end its sessions'
complete -c rescue -n "__rescue_at ' admin user'" -a enable -d 'enable a disabled account'
complete -c rescue -n "__rescue_at ' admin user'" -a unlock -d 'unlock an account after failed sign-ins'
complete -c rescue -n "__rescue_at ' admin user'" -a reset-password -d 'give an account a new initial password'
complete -c rescue -n "__rescue_at ' admin user'" -a reset-mfa -d 'remove the second factor of an account, and end its sign-ins'
complete -c rescue -n "__rescue_at ' admin user'" -a invite -d 'make a one-time link with which a person sets the password'
complete -c rescue -n "__rescue_at ' admin user'" -a remove -d 'remove an account'
complete -c rescue -n "__rescue_at ' admin user add'" -l name -d 'name that supported users see' -x
complete -c rescue -n "__rescue_at ' admin user add'" -l role -d 'what the account may do' -x -a 'technician group_administrator administrator auditor service'
complete -c rescue -n "__rescue_at ' admin user add'" -l group -d 'group it is in: name or id; the default one without it' -x
complete -c rescue -n "__rescue_at ' admin user add'" -l password-stdin -d 'read the initial password from standard input'
complete -c rescue -n "__rescue_at ' admin user add'" -l password-file -d 'read the initial password from FILE' -r -F
complete -c rescue -n "__rescue_at ' admin user add'" -l invite -d 'print a one-time link with which the person sets the password; no password is made'
complete -c rescue -n "__rescue_at ' admin user list'" -l group -d 'only accounts in this group: name or id' -x
complete -c rescue -n "__rescue_at ' admin user list'" -l role -d 'only accounts of this role' -x -a 'technician group_administrator administrator auditor service'
complete -c rescue -n "__rescue_at ' admin user list'" -l limit -d 'show at most N' -x
complete -c rescue -n "__rescue_at ' admin user list'" -l all -d 'show everything, whatever --limit says'
complete -c rescue -n "__rescue_at ' admin user import'" -l dry-run -d 'say what would be done, and do nothing'
complete -c rescue -n "__rescue_at ' admin user import'" -l continue-on-error -d 'keep what succeeds where something fails (exit code 3)'
complete -c rescue -n "__rescue_at ' admin user import'" -l invitations -d 'invite the people who are made: a new FILE (CSV, readable by its owner alone) gets their addresses and one-time links' -r -F
complete -c rescue -n "__rescue_at ' admin user import'" -F
complete -c rescue -n "__rescue_at ' admin user set'" -l email -d 'new e-mail address' -x
complete -c rescue -n "__rescue_at ' admin user set'" -l name -d 'new name' -x
complete -c rescue -n "__rescue_at ' admin user set'" -l role -d 'new role' -x -a 'technician group_administrator administrator auditor service'
complete -c rescue -n "__rescue_at ' admin user set'" -l group -d 'new group: name or id' -x
complete -c rescue -n "__rescue_at ' admin user set'" -l allow-network -d 'the account may come from this network; all that are given, no others; \'any\' alone: from anywhere' -x
complete -c rescue -n "__rescue_at ' admin user set'" -l max-sessions -d 'most sessions that the account holds at a time; 0: any number' -x
complete -c rescue -n "__rescue_at ' admin user remove'" -s y -l yes -d 'do not ask'
complete -c rescue -n "__rescue_at ' admin group'" -a add -d 'make a technician group'
complete -c rescue -n "__rescue_at ' admin group'" -a list -d 'list groups'
complete -c rescue -n "__rescue_at ' admin group'" -a show -d 'show one group'
complete -c rescue -n "__rescue_at ' admin group'" -a set -d 'change what a group allows and asks for'
complete -c rescue -n "__rescue_at ' admin group'" -a remove -d 'remove a group that nobody is in'
complete -c rescue -n "__rescue_at ' admin group'" -a grant -d 'let a group do more'
complete -c rescue -n "__rescue_at ' admin group'" -a revoke -d 'let a group do less, in sessions that go on, too'
complete -c rescue -n "__rescue_at ' admin group add'" -l description -d 'what it is for' -x
complete -c rescue -n "__rescue_at ' admin group add'" -l permission -d 'what members may ask users for; all that are given, no others' -x -a 'remote_control desktop_view send_files receive_files file_manager send_urls system_information reboot record_session private_sessions windows_credentials clipboard_sync deploy_scripts'
complete -c rescue -n "__rescue_at ' admin group add'" -l single-prompt -d 'one prompt may cover everything that is granted' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group add'" -l force-recording -d 'view and control only while it is recorded' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group add'" -l require-sas -d 'users type the short authentication string' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group add'" -l omit-chat-text -d 'the log keeps the length of what is said, not the text' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group add'" -l require-mfa -d 'members sign in with a second factor' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group add'" -l require-sso -d 'members sign in through the identity provider alone' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group add'" -l consent-timeout -d 'a prompt that nobody answers becomes No after this long' -x
complete -c rescue -n "__rescue_at ' admin group add'" -l inactivity-timeout -d 'inactivity after which sessions and sign-ins end; 0s: never' -x
complete -c rescue -n "__rescue_at ' admin group add'" -l allow-network -d 'members may come from this network; all that are given, no others; \'any\' alone: from anywhere' -x
complete -c rescue -n "__rescue_at ' admin group set'" -l name -d 'new name' -x
complete -c rescue -n "__rescue_at ' admin group set'" -l description -d 'what it is for' -x
complete -c rescue -n "__rescue_at ' admin group set'" -l permission -d 'what members may ask users for; all that are given, no others' -x -a 'remote_control desktop_view send_files receive_files file_manager send_urls system_information reboot record_session private_sessions windows_credentials clipboard_sync deploy_scripts'
complete -c rescue -n "__rescue_at ' admin group set'" -l single-prompt -d 'one prompt may cover everything that is granted' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group set'" -l force-recording -d 'view and control only while it is recorded' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group set'" -l require-sas -d 'users type the short authentication string' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group set'" -l omit-chat-text -d 'the log keeps the length of what is said, not the text' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group set'" -l require-mfa -d 'members sign in with a second factor' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group set'" -l require-sso -d 'members sign in through the identity provider alone' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin group set'" -l consent-timeout -d 'a prompt that nobody answers becomes No after this long' -x
complete -c rescue -n "__rescue_at ' admin group set'" -l inactivity-timeout -d 'inactivity after which sessions and sign-ins end; 0s: never' -x
complete -c rescue -n "__rescue_at ' admin group set'" -l allow-network -d 'members may come from this network; all that are given, no others; \'any\' alone: from anywhere' -x
complete -c rescue -n "__rescue_at ' admin group remove'" -s y -l yes -d 'do not ask'
complete -c rescue -n "__rescue_at ' admin channel'" -a add -d 'make a channel'
complete -c rescue -n "__rescue_at ' admin channel'" -a list -d 'list channels'
complete -c rescue -n "__rescue_at ' admin channel'" -a show -d 'show one channel'
complete -c rescue -n "__rescue_at ' admin channel'" -a set -d 'change name or description of a channel'
complete -c rescue -n "__rescue_at ' admin channel'" -a remove -d 'remove a channel'
complete -c rescue -n "__rescue_at ' admin channel'" -a assign -d 'assign groups to a channel'
complete -c rescue -n "__rescue_at ' admin channel'" -a unassign -d 'take groups from a channel'
complete -c rescue -n "__rescue_at ' admin channel add'" -l description -d 'what it is for' -x
complete -c rescue -n "__rescue_at ' admin channel set'" -l name -d 'new name' -x
complete -c rescue -n "__rescue_at ' admin channel set'" -l description -d 'what it is for' -x
complete -c rescue -n "__rescue_at ' admin channel remove'" -s y -l yes -d 'do not ask'
complete -c rescue -n "__rescue_at ' admin token'" -a add -d 'make an API token for a service account'
complete -c rescue -n "__rescue_at ' admin token'" -a list -d 'list API tokens that are good now'
complete -c rescue -n "__rescue_at ' admin token'" -a revoke -d 'revoke an API token at once'
complete -c rescue -n "__rescue_at ' admin token add'" -l name -d 'name for lists and log' -x
complete -c rescue -n "__rescue_at ' admin token add'" -l scope -d 'what the token is good for' -x -a 'users.read users.write groups.read groups.write channels.read channels.write policy.read policy.write provision sessions log.read gateways.read gateways.write'
complete -c rescue -n "__rescue_at ' admin token add'" -l expires -d 'how long it is good, up to 366 days' -x
complete -c rescue -n "__rescue_at ' admin token list'" -l limit -d 'show at most N' -x
complete -c rescue -n "__rescue_at ' admin token list'" -l all -d 'show everything, whatever --limit says'
complete -c rescue -n "__rescue_at ' admin policy'" -a show -d 'show the settings of the site'
complete -c rescue -n "__rescue_at ' admin policy'" -a set -d 'change settings of the site'
complete -c rescue -n "__rescue_at ' admin policy'" -a why -d 'tell what somebody may do, and which rule decides'
complete -c rescue -n "__rescue_at ' admin policy'" -a test -d 'check a table of expectations about what people may do'
complete -c rescue -n "__rescue_at ' admin policy set'" -l reset -d 'set a setting back to its default' -x
complete -c rescue -n "__rescue_at ' admin policy why'" -l as -d 'e-mail address or id of the account that would act' -x
complete -c rescue -n "__rescue_at ' admin policy why'" -l action -d 'a permission (receive_files) or a verb (session.pickup)' -x
complete -c rescue -n "__rescue_at ' admin policy why'" -l channel -d 'in a session of this channel' -x
complete -c rescue -n "__rescue_at ' admin policy why'" -l exit-code -d 'exit with 5 when the answer is deny'
complete -c rescue -n "__rescue_at ' admin policy test'" -F
complete -c rescue -n "__rescue_at ' admin sso'" -a show -d 'show how the site and its identity provider know each other'
complete -c rescue -n "__rescue_at ' admin sso'" -a set -d 'set up single sign-on'
complete -c rescue -n "__rescue_at ' admin sso'" -a test -d 'check that single sign-on can work'
complete -c rescue -n "__rescue_at ' admin sso'" -a check -d 'check a response of an identity provider offline'
complete -c rescue -n "__rescue_at ' admin sso'" -a new-key -d 'make a new key to sign requests with'
complete -c rescue -n "__rescue_at ' admin sso'" -a disable -d 'switch single sign-on off for one person and end what it opened'
complete -c rescue -n "__rescue_at ' admin sso'" -a enable -d 'switch it on again for one person'
complete -c rescue -n "__rescue_at ' admin sso'" -a unlink -d 'forget which identity of the provider an account belongs to'
complete -c rescue -n "__rescue_at ' admin sso set'" -l idp-metadata -d 'install the identity provider\'s metadata (XML); an empty file removes them' -r -F
complete -c rescue -n "__rescue_at ' admin sso set'" -l enabled -d 'whether people may sign in that way' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin sso set'" -l entity-id -d 'what the provider calls this site; \'\' is the address of the site\'s metadata' -x
complete -c rescue -n "__rescue_at ' admin sso set'" -l idp-initiated -d 'whether people may begin at the provider' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin sso set'" -l provision -d 'whether who has no account gets one, as a technician' -x -a 'yes no'
complete -c rescue -n "__rescue_at ' admin sso set'" -l email-attribute -d 'attribute with the e-mail address; \'\' is the NameID' -x
complete -c rescue -n "__rescue_at ' admin sso set'" -l name-attribute -d 'attribute with the name of a new account; \'\' is the address' -x
complete -c rescue -n "__rescue_at ' admin sso set'" -l group-attribute -d 'attribute with a technician\'s groups; \'\' leaves groups alone' -x
complete -c rescue -n "__rescue_at ' admin sso set'" -l map -d 'who has VALUE in the group attribute gets into GROUP; all together replace the map, the first that fits counts' -x
complete -c rescue -n "__rescue_at ' admin sso set'" -l no-map -d 'forget the map'
complete -c rescue -n "__rescue_at ' admin sso check'" -l idp-metadata -d 'the identity provider\'s metadata' -r -F
complete -c rescue -n "__rescue_at ' admin sso check'" -l sp-entity-id -d 'entity ID of this site, which the audience must name' -x
complete -c rescue -n "__rescue_at ' admin sso check'" -l acs -d 'assertion consumer service of this site' -x
complete -c rescue -n "__rescue_at ' admin sso check'" -l now -d 'check as if it were this time; without it, now' -x
complete -c rescue -n "__rescue_at ' admin sso check'" -l key -d 'private key (PEM) that opens encrypted assertions' -r -F
complete -c rescue -n "__rescue_at ' admin sign-in'" -a list -d 'list sign-ins, with their idle and absolute ends'
complete -c rescue -n "__rescue_at ' admin sign-in'" -a end -d 'end a sign-in, or all of a user'
complete -c rescue -n "__rescue_at ' admin sign-in list'" -l limit -d 'show at most N' -x
complete -c rescue -n "__rescue_at ' admin sign-in list'" -l all -d 'show everything, whatever --limit says'
complete -c rescue -n "__rescue_at ' admin sign-in end'" -l user -d 'every sign-in of this user' -x
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
complete -c rescue -n "__rescue_at ' session'" -a wait -d 'wait until a session, or any of a queue, is in a state'
complete -c rescue -n "__rescue_at ' session'" -a pickup -d 'pick a session up and talk to the user'
complete -c rescue -n "__rescue_at ' session'" -a attach -d 'join a session that was picked up on this machine'
complete -c rescue -n "__rescue_at ' session'" -a hold -d 'put a session aside'
complete -c rescue -n "__rescue_at ' session'" -a resume -d 'go on with a session that was put aside, or given away and not taken yet'
complete -c rescue -n "__rescue_at ' session'" -a transfer -d 'give a session to another technician or to a channel'
complete -c rescue -n "__rescue_at ' session'" -a decline -d 'send a session back that a colleague wants to give'
complete -c rescue -n "__rescue_at ' session'" -a leave -d 'end the own part in a colleague\'s session'
complete -c rescue -n "__rescue_at ' session'" -a explain -d 'tell why a session took the states and paths it did'
complete -c rescue -n "__rescue_at ' session'" -a close -d 'end a session for everybody'
complete -c rescue -n "__rescue_at ' session'" -a note -d 'replace the note of a session'
complete -c rescue -n "__rescue_at ' session create'" -l private -d 'a session for oneself, entered by PIN; the kind without --channel'
complete -c rescue -n "__rescue_at ' session create'" -l channel -d 'into the queue of this channel, for whoever works there' -x
complete -c rescue -n "__rescue_at ' session create'" -l note -d 'note for oneself and the log' -x
complete -c rescue -n "__rescue_at ' session create'" -l customer -d 'what is known of the person who is helped' -x
complete -c rescue -n "__rescue_at ' session list'" -l state -d 'only sessions in this state' -x -a 'created waiting active on_hold transferring reconnecting rebooting offline closed timed_out aborted'
complete -c rescue -n "__rescue_at ' session list'" -l technician -d 'only sessions of this technician' -x
complete -c rescue -n "__rescue_at ' session list'" -l queue -d 'only this queue: private, channel:NAME, or all' -x
complete -c rescue -n "__rescue_at ' session list'" -l limit -d 'show at most N' -x
complete -c rescue -n "__rescue_at ' session list'" -l all -d 'show everything, whatever --limit says'
complete -c rescue -n "__rescue_at ' session watch'" -l queue -d 'only this queue: private, channel:NAME, or all' -x
complete -c rescue -n "__rescue_at ' session wait'" -l queue -d 'only this queue: private, channel:NAME, or all' -x
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
complete -c rescue -n "__rescue_at ' session hold'" -l reason -d 'reason, for the colleagues and the log' -x
complete -c rescue -n "__rescue_at ' session resume'" -l script -d 'drive the session by JSON lines from FILE, \'-\' for standard input (man rescue-script)' -r -F
complete -c rescue -n "__rescue_at ' session resume'" -l in-order -d 'with --script -: begin each command after the one before has ended'
complete -c rescue -n "__rescue_at ' session resume'" -l record -d 'record to a file in DIR as soon as the user allows it' -x -a '(__fish_complete_directories)'
complete -c rescue -n "__rescue_at ' session resume'" -l record-to -d 'encrypt recordings so that only the private key of this public one (PEM) opens them' -r -F
complete -c rescue -n "__rescue_at ' session resume'" -l format -d 'what a recording becomes when it is done; a video takes its place once it is written and checked' -x -a 'rcrec avi mkv mp4'
complete -c rescue -n "__rescue_at ' session resume'" -l keep-recording -d 'keep the recording beside its video'
complete -c rescue -n "__rescue_at ' session resume'" -l receive-dir -d 'folder for received files; without it the current one' -x -a '(__fish_complete_directories)'
complete -c rescue -n "__rescue_at ' session resume'" -l join -d 'take part beside the technician who has the session'
complete -c rescue -n "__rescue_at ' session resume'" -l profile -d 'TLS between the two ends: modern is TLS 1.3; aes256-sha is TLS 1.2 without forward secrecy, where the site and the applet allow it' -x -a 'modern aes256-sha'
complete -c rescue -n "__rescue_at ' session resume'" -s d -l detach -d 'leave the session to the background process at once'
complete -c rescue -n "__rescue_at ' session resume'" -l timeout -d 'how long to wait for the supported machine' -x
complete -c rescue -n "__rescue_at ' session resume'" -l linger -d 'how long the background process stays after the last view left' -x
complete -c rescue -n "__rescue_at ' session transfer'" -l to -d 'to this technician: e-mail address or id' -x
complete -c rescue -n "__rescue_at ' session transfer'" -l channel -d 'to whoever of this channel comes first' -x
complete -c rescue -n "__rescue_at ' session transfer'" -l comment -d 'for the technician who takes it' -x
complete -c rescue -n "__rescue_at ' session decline'" -l reason -d 'reason, for the colleagues and the log' -x
complete -c rescue -n "__rescue_at ' session leave'" -l reason -d 'reason, for the colleagues and the log' -x
complete -c rescue -n "__rescue_at ' session close'" -l reason -d 'reason, for the user and the log' -x
complete -c rescue -n "__rescue_at ' presence'" -a set -d 'say whether one is there'
complete -c rescue -n "__rescue_at ' presence'" -a list -d 'list the own colleagues, whether they are there, and what they hold'
complete -c rescue -n "__rescue_at ' presence set'" -x -a 'available busy away'
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
