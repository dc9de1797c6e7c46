package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bulwark/decide/access"
	"bulwark/platform/clock"
)

// accessSeen writes who saw a record.
func accessSeen(t Terminal) *cobra.Command {
	var ask access.SeenAsk
	var from, until, format, language, file string
	cmd := &cobra.Command{Use: "seen NUMBER", Short: "Write who saw the record of a patient, and why they could", Args: words("the number of the patient, as on the wristband"),
		Long: `Write who saw the record of a patient, when, from where and why they could, as a PDF or a table. That it was asked for, and why, is in the ledger. See
docs/guide/access.md.`,
		Example: `  bulwark access seen 8012345 --reason patient --reference DPO-17 --to who-saw.pdf
  bulwark access seen 8012345 --reason investigation --reference 2026-4 --names --from 2026-06-01 --format csv --to who-saw.csv`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			ask.Identifier = args[0]
			if ask.From, err = dayOf(from, time.Now().AddDate(-1, 0, 0), 0); err != nil {
				return err
			}
			if ask.Until, err = dayOf(until, time.Now(), 1); err != nil {
				return err
			}
			var r access.SeenReport
			if err := post(cmd, "/api/access/seen", ask, &r); err != nil {
				return err
			}
			at := "/api/access/seen/" + r.ID
			for r.State == "waiting" || r.State == "running" {
				if !clock.Pause(cmd.Context(), 300*time.Millisecond) {
					return cmd.Context().Err()
				}
				if err := get(cmd, at, &r); err != nil {
					return err
				}
			}
			if r.State != "done" {
				return errors.New("the list could not be made; the log of Bulwark says why")
			}
			body, err := fetch(cmd, at+"/paper?lang="+language+"&format="+format)
			if err != nil {
				return err
			}
			if err := writeNew(file, body); err != nil {
				return err
			}
			fmt.Fprintf(t.Out, "%d lines of %d events are in %s.\n", r.Total, r.Events, file)
			return nil
		}}
	f := cmd.Flags()
	f.StringVar(&ask.Reason, "reason", "", "why it is asked: patient, complaint or investigation")
	f.StringVar(&ask.Reference, "reference", "", "`reference` of the file that asks for it, without a name")
	f.StringVar(&ask.Authority, "authority", "", "who gave the number, as messages call them")
	f.BoolVar(&ask.Names, "names", false, "staff by name, where the reason allows it")
	f.StringVar(&from, "from", "", "first `day`, as 2026-06-01; a year ago where it is not said")
	f.StringVar(&until, "until", "", "last `day`; today where it is not said")
	f.StringVar(&format, "format", "pdf", "pdf or csv")
	f.StringVar(&language, "lang", "fr", "fr or en")
	f.StringVar(&file, "to", "", "the new `file`")
	for _, name := range []string{"reason", "reference", "to"} {
		_ = cmd.MarkFlagRequired(name) // the flags stand above
	}
	return cmd
}

// dayOf is the beginning of a day, or so many days after it.
func dayOf(text string, otherwise time.Time, days int) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return at, fmt.Errorf("%q is no day, as 2026-06-01", text)
	}
	return at.AddDate(0, 0, days), nil
}
