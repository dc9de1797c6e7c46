package lines

import (
	"testing"

	"bulwark/wire"
)

func TestCommands(t *testing.T) {
	own, shared := []string{"CWD "}, []string{"USER "}
	for _, c := range []struct {
		what, text string
		want       wire.Match
	}{
		{"a command of its own", "cwd /\r\n", wire.Yes},
		{"half of it", "CW", wire.Unsure},
		{"one that others share", "USER anna\r\n", wire.Unsure},
		{"and then one of its own", "USER anna\r\nCWD /\r\n", wire.Yes},
		{"and then another", "USER anna\r\nHELO\r\n", wire.No},
		{"eight that others share, and one more", "USER\x20\nUSER \nUSER \nUSER \nUSER \nUSER \nUSER \nUSER \nCWD ", wire.No},
	} {
		if got := Commands([]byte(c.text), own, shared); got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	if !Names([]byte("220 my ftp server"), "FTP") || Names([]byte("220 ft p"), "FTP") || Names(nil, "FTP") {
		t.Error("a word is found in any case, whole, and never in nothing")
	}
}
