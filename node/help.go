package node

import (
	"github.com/spf13/cobra"
)

// helpTemplate shows a page of help. It ends with one line end, also where there is no usage, as of a topic.
const helpTemplate = `{{with or .Long .Short}}{{trimTrailingWhitespaces .}}
{{end}}{{if or .Runnable .HasSubCommands}}
{{.UsageString}}{{end}}`

// usageTemplate is how a command is called.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- if .HasAvailableSubCommands}}{{$all := .Commands}}{{$groups := .Groups}}
{{- range $group := .Groups}}

{{.Title}}{{range $all}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if not $groups}}

Commands:{{range $all}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{- if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{- if .HasHelpSubCommands}}

More help, with {{.CommandPath}} help TOPIC:{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
`

const helpName = "help"

// helpCommand is bulwark help COMMAND.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: helpName + " [COMMAND|TOPIC]", Short: "Say what a command does, or tell of a topic",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if found, rest, err := root.Find(args); err == nil && len(rest) == 0 {
				for _, c := range found.Commands() {
					if c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
						names = append(names, c.Name()+"\t"+c.Short)
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 || found.Hidden {
				return unknown(found, args[len(args)-max(len(rest), 1)])
			}
			return found.Help()
		},
	}
}

// topics are the pages of bulwark help that belong to no command.
func topics() []*cobra.Command {
	return []*cobra.Command{{
		Use: "data", Short: "What stands in the data directory, and what to back up",
		Long: `Everything that Bulwark keeps stands in one directory, which its own user alone may enter. --data names it, else
the variable ` + dataVariable + `, else it is /var/lib/bulwark for root and ~/.local/share/bulwark for others.

  bulwark.yaml         the configuration, where --config does not name another; yours to write
  keys/master.key      the secret from which all keys are made. Back it up apart from the rest: without it the
                       passwords, the pseudonyms of patients and the signatures of the ledger are void
  tls/                 the console's own certificate, where tls.cert names no other
  state.db             people, sessions and the ledger, where state.url names no other database
  ledger.checkpoints   signed heads of the ledger; keep a copy where this machine cannot write
  bus/                 events on their way to the store; spill: what found no room there
  store/               events, by day
  packets/             the packet ring, sealed with a key made from the master secret
  rules/               what people decided about traffic rules, what of them fired, and the sets that were fetched
  files/               copies of files that crossed the wire, sealed likewise; what is in them may be malware
  captures.json        what was read of the folder that sensor.captures names
  nodes/, joined/      which nodes may join this one; who this node is to the one above
  capture/             what up --pcap and --demo show; made anew each time
  lock, control.sock   while it runs: one program at a time, and the orders of bulwark nodes and setup-link

A backup is a copy of the directory while Bulwark is stopped; capture/ and packets/ may be left out.`,
	}, {
		Use: "roles", Short: "How sensors, sites and a centre work together",
		Long: `Alone, one bulwark does all. With --roles a part of the work runs on a machine of its own:

  sensor   watches the network and sends events to its site; no console, keeps what it cannot send
  site     keeps and shows the events of a hospital: its own, with --roles sensor,site, and those of its sensors
  centre   keeps and shows the events of all its sites

A node joins the one above once, with a token that is good one time and one hour:

  at the site     bulwark up --roles site
                  bulwark nodes token ward-3
  at the sensor   bulwark join TOKEN
                  bulwark up --roles sensor

A site joins a centre in the same way, with bulwark nodes token NAME --role site at the centre.
From then on they meet over mutual TLS. Where the link is cut, each goes on with its work, and what happened
meanwhile is sent in its order when the link is back.`,
	}, {
		Use: "captures", Short: "Which capture files are read",
		Long: `pcap (of microseconds and nanoseconds, both byte orders) and pcapng, as they are or compressed with gzip or zstd,
from files, from every file below a directory whose name ends in .pcap, .pcapng, .cap, .trace or .dmp (and .gz,
.zst or digits behind), or from standard input as -. Link types: Ethernet, raw IP, loopback, Linux cooked (1 and 2), PPP,
Cisco HDLC and nflog, with VLAN tags, MPLS and PPPoE; inside, IP in IP, GRE with ERSPAN and PPTP, VXLAN, Geneve,
Teredo and GTP-U.

A directory into which captures are being written, by tcpdump -G or -C or dumpcap -b, is followed by read --follow, or
by up where sensor.captures names it: whole captures in the order in which they were written, the last one as it grows.

Of a capture that is cut or damaged, all that stands before the damage is analysed; the error names the file and
the offset, and the exit code is 3.`,
	}, {
		Use: "variables", Short: "Which environment variables are read",
		Long: `Each key of the configuration that does not stand in a list has a variable: BULWARK_ and the path of the key in
capitals, with _ for each dot. A variable wins over the file. A list is written with commas:

  BULWARK_SENSOR_INTERFACES=eth1,eth2 BULWARK_CONSOLE_LISTEN=127.0.0.1:9443 bulwark up

bulwark config describe names the variable of each key. A variable that begins with BULWARK_ and is none of these
stops the start, as an unknown key in the file does. ` + dataVariable + ` is the data directory, like --data.`,
	}}
}
