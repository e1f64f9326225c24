// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/visit_texts.hpp"

namespace rescue::broker::visit {
namespace {

constexpr Texts kEnglish{
    .language = "English",
    .help_from = "Get help from {0}",
    .pin_intro = "The person who helps you has told you a PIN. Enter it here.",
    .pin_label = "PIN",
    .pin_hint = "Six digits or more. Spaces do not matter.",
    .go_on = "Continue",
    .next_heading = "What happens then",
    .next = {"You download a small program and start it. Nothing is installed.",
             "The person who helps you appears in it with name and e-mail address, and you can write to each other.",
             "Nothing is shown, moved or copied before you say yes to it. You can take back what you allowed, and end "
             "it all, at any time."},
    .warning_heading = "Did somebody you do not know call you?",
    .warning =
        "{0} never calls you unasked. Banks, Microsoft and the police do not ask for access to your computer either.",
    .warning_do =
        "If somebody called or wrote to you and sent you here without your having asked for help, hang up and close "
        "this page.",
    .installed_heading = "The program is installed on this computer already",
    .installed = "Start it in a terminal, with the PIN in place of DIGITS:",
    .channel_heading = "Get help: {0}",
    .channel_intro = "Tell us who you are and what is wrong. Somebody of {0} will take care of it.",
    .name_label = "Your name",
    .problem_label = "What is wrong?",
    .problem_hint = "One or two sentences. Write no passwords here.",
    .ask_help = "Ask for help",
    .ready_heading = "Download the program and start it",
    .ready_intro = "It was made for you just now, works once, and connects you to {0}.",
    .download = "Download for {0} ({1})",
    .start_heading = "How to start it",
    .start_windows =
        {"Open the downloaded file rescue-applet.exe: in the browser's list of downloads, or in the folder Downloads.",
         "Windows asks whether you want to run it. Look at the publisher, then choose Run.",
         "A window opens and says that you are connected. Keep it open."},
    .start_linux = {"Open the folder Downloads. Right-click the file rescue-applet, choose Properties, and allow it to "
                    "be run as a program.",
                    "Double-click the file.", "A window opens and says that you are connected. Keep it open."},
    .start_terminal = "Or in a terminal:",
    .check_heading = "Check that the file is right",
    .check_hash = "Its SHA-256 is",
    .check_how = "This command prints that of your file; both must be the same:",
    .check_later = "Windows shows who signed the file: in its properties, under Digital Signatures.",
    .signed_by = "It is signed by {0}.",
    .unsigned_file = "It is not signed. Windows warns of that when it is started.",
    .signature_file = "Download the signature",
    .certificate_file = "Certificate of the signer",
    .other_heading = "For another computer",
    .other_system = "The program for {0}",
    .no_system_heading = "There is no program for this device",
    .no_system = "Help works on computers with Windows or Linux. Open this page there, and enter the PIN again.",
    .no_file_heading = "There is nothing to download here",
    .no_file =
        "{0} does not give out its program by this page. Ask the person who helps you how to get it, then start it "
        "with the PIN in place of DIGITS:",
    .again = "If something went wrong, you can download it again on this page until it has connected once.",
    .running_heading = "The program is connected",
    .running = "Go on in its window. You can close this page.",
    .over_heading = "This is over",
    .over =
        "The session has ended, or the time to start the program has passed. Ask for a new PIN if you still need help.",
    .to_start = "Back to the start",
    .sorry_heading = "That did not work",
    .contact = "Contact",
    .privacy = "Privacy",
    .privacy_link = "Privacy statement",
    .runs = "This page is run by {0}.",
    .pin_unknown = "This PIN is not known. Check the digits, or ask for a new one.",
    .pin_malformed = "A PIN has six to twelve digits.",
    .pin_expired = "This PIN has expired. Ask for a new one.",
    .pin_spent = "This PIN has been used already. Ask for a new one.",
    .session_ended = "This session has ended. Ask for a new PIN.",
    .too_many = "There were too many tries from your network. Wait a minute, then try again.",
    .busy = "There is too much going on just now. Wait a moment, then try again.",
    .elsewhere = "This was sent from another site's page. Please begin here.",
    .channel_unknown = "There is no such page. Check the address.",
    .name_missing = "Please tell us your name.",
    .field_wrong = "Something that was entered is too long or cannot be read. Please shorten it.",
    .failed = "The site has a fault. Please try again later.",
    .megabytes = "{0} MB",
};

constexpr Texts kGerman{
    .language = "Deutsch",
    .help_from = "Hilfe von {0}",
    .pin_intro = "Die Person, die Ihnen hilft, hat Ihnen eine PIN genannt. Geben Sie diese hier ein.",
    .pin_label = "PIN",
    .pin_hint = "Mindestens sechs Ziffern. Leerzeichen stören nicht.",
    .go_on = "Weiter",
    .next_heading = "So geht es weiter",
    .next = {"Sie laden ein kleines Programm herunter und starten es. Es wird nichts installiert.",
             "Darin erscheint die Person, die Ihnen hilft, mit Namen und E-Mail-Adresse, und Sie können einander "
             "schreiben.",
             "Nichts wird gezeigt, bewegt oder kopiert, bevor Sie dazu Ja gesagt haben. Sie können jede Erlaubnis "
             "jederzeit zurücknehmen und alles beenden."},
    .warning_heading = "Hat Sie jemand angerufen, den Sie nicht kennen?",
    .warning =
        "{0} ruft Sie nie unaufgefordert an. Auch Banken, Microsoft und die Polizei verlangen keinen Zugriff auf Ihren "
        "Computer.",
    .warning_do =
        "Wenn jemand Sie angerufen oder Ihnen geschrieben und Sie hierher geschickt hat, ohne dass Sie um Hilfe "
        "gebeten haben: Legen Sie auf und schließen Sie diese Seite.",
    .installed_heading = "Das Programm ist auf diesem Computer schon installiert",
    .installed = "Starten Sie es in einem Terminal, mit der PIN anstelle von DIGITS:",
    .channel_heading = "Hilfe: {0}",
    .channel_intro = "Sagen Sie uns, wer Sie sind und was nicht funktioniert. Jemand von {0} kümmert sich darum.",
    .name_label = "Ihr Name",
    .problem_label = "Was funktioniert nicht?",
    .problem_hint = "Ein oder zwei Sätze. Schreiben Sie keine Passwörter hinein.",
    .ask_help = "Um Hilfe bitten",
    .ready_heading = "Laden Sie das Programm herunter und starten Sie es",
    .ready_intro = "Es wurde eben für Sie gemacht, funktioniert einmal und verbindet Sie mit {0}.",
    .download = "Für {0} herunterladen ({1})",
    .start_heading = "So starten Sie es",
    .start_windows = {"Öffnen Sie die heruntergeladene Datei rescue-applet.exe: in der Liste der Downloads Ihres "
                      "Browsers oder im Ordner Downloads.",
                      "Windows fragt, ob Sie das Programm ausführen möchten. Sehen Sie sich den Herausgeber an und "
                      "wählen Sie dann Ausführen.",
                      "Ein Fenster öffnet sich und sagt, dass Sie verbunden sind. Lassen Sie es geöffnet."},
    .start_linux = {"Öffnen Sie den Ordner Downloads. Klicken Sie mit der rechten Maustaste auf die Datei "
                    "rescue-applet, wählen Sie Eigenschaften und erlauben Sie, sie als Programm auszuführen.",
                    "Doppelklicken Sie auf die Datei.",
                    "Ein Fenster öffnet sich und sagt, dass Sie verbunden sind. Lassen Sie es geöffnet."},
    .start_terminal = "Oder in einem Terminal:",
    .check_heading = "Prüfen, ob es die richtige Datei ist",
    .check_hash = "Ihr SHA-256 ist",
    .check_how = "Dieser Befehl zeigt den Ihrer Datei; beide müssen gleich sein:",
    .check_later = "Windows zeigt, wer die Datei signiert hat: in ihren Eigenschaften unter Digitale Signaturen.",
    .signed_by = "Sie ist signiert von {0}.",
    .unsigned_file = "Sie ist nicht signiert. Windows warnt davor, wenn sie gestartet wird.",
    .signature_file = "Signatur herunterladen",
    .certificate_file = "Zertifikat des Unterzeichners",
    .other_heading = "Für einen anderen Computer",
    .other_system = "Das Programm für {0}",
    .no_system_heading = "Für dieses Gerät gibt es kein Programm",
    .no_system =
        "Die Hilfe funktioniert an Computern mit Windows oder Linux. Öffnen Sie diese Seite dort und geben Sie die PIN "
        "noch einmal ein.",
    .no_file_heading = "Hier gibt es nichts herunterzuladen",
    .no_file =
        "{0} gibt sein Programm nicht über diese Seite heraus. Fragen Sie die Person, die Ihnen hilft, woher Sie es "
        "bekommen, und starten Sie es mit der PIN anstelle von DIGITS:",
    .again =
        "Wenn etwas nicht geklappt hat, können Sie es auf dieser Seite noch einmal herunterladen, bis es sich einmal "
        "verbunden hat.",
    .running_heading = "Das Programm ist verbunden",
    .running = "Machen Sie in seinem Fenster weiter. Sie können diese Seite schließen.",
    .over_heading = "Das ist vorbei",
    .over =
        "Die Sitzung ist beendet, oder die Zeit zum Starten des Programms ist abgelaufen. Bitten Sie um eine neue PIN, "
        "wenn Sie noch Hilfe brauchen.",
    .to_start = "Zurück zum Anfang",
    .sorry_heading = "Das hat nicht geklappt",
    .contact = "Kontakt",
    .privacy = "Datenschutz",
    .privacy_link = "Datenschutzerklärung",
    .runs = "Diese Seite betreibt {0}.",
    .pin_unknown = "Diese PIN ist nicht bekannt. Prüfen Sie die Ziffern oder bitten Sie um eine neue.",
    .pin_malformed = "Eine PIN hat sechs bis zwölf Ziffern.",
    .pin_expired = "Diese PIN ist abgelaufen. Bitten Sie um eine neue.",
    .pin_spent = "Diese PIN wurde schon benutzt. Bitten Sie um eine neue.",
    .session_ended = "Diese Sitzung ist beendet. Bitten Sie um eine neue PIN.",
    .too_many =
        "Es gab zu viele Versuche aus Ihrem Netz. Warten Sie eine Minute und versuchen Sie es dann noch einmal.",
    .busy = "Gerade ist zu viel los. Warten Sie einen Moment und versuchen Sie es dann noch einmal.",
    .elsewhere = "Das kam von der Seite eines anderen Anbieters. Bitte beginnen Sie hier.",
    .channel_unknown = "Diese Seite gibt es nicht. Prüfen Sie die Adresse.",
    .name_missing = "Bitte sagen Sie uns Ihren Namen.",
    .field_wrong = "Etwas von Ihren Angaben ist zu lang oder nicht lesbar. Bitte kürzen Sie es.",
    .failed = "Die Seite hat einen Fehler. Bitte versuchen Sie es später noch einmal.",
    .megabytes = "{0} MB",
};

}  // namespace

const Texts& texts(Language language) { return language == Language::de ? kGerman : kEnglish; }

std::string_view shown_name(System system) { return system == System::windows_x86_64 ? "Windows" : "Linux"; }

}  // namespace rescue::broker::visit
