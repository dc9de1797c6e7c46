package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// account is a person of the staff, invented like the patients.
type account struct{ user, password string }

// The staff that logs in somewhere. The passwords are the lab's own.
var (
	nurse  = account{"anurse", "Lab-nurse-2026"}
	doctor = account{"bdoctor", "Lab-doctor-2026"}
)

// accounts gives the host's programs system accounts for the staff: `ip netns exec` binds the files over /etc.
func (h *Host) accounts() error {
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return err
	}
	shadow, err := os.ReadFile("/etc/shadow")
	if err != nil {
		return err
	}
	for i, a := range []account{nurse, doctor} {
		home := filepath.Join(h.dir, "home", a.user)
		if err := os.MkdirAll(home, 0o755); err != nil {
			return err
		}
		if err := os.Chown(home, 4001+i, 65534); err != nil {
			return err
		}
		hash, err := output(h.Command(context.Background(), "openssl", "passwd", "-6", a.password))
		if err != nil {
			return err
		}
		passwd = fmt.Appendf(passwd, "%s:x:%d:65534:lab:%s:/bin/sh\n", a.user, 4001+i, home)
		shadow = fmt.Appendf(shadow, "%s:%s:20000::::::\n", a.user, strings.TrimSpace(hash))
	}
	if err := h.etc("passwd", string(passwd)); err != nil {
		return err
	}
	return h.etc("shadow", string(shadow))
}

// startFiles starts samba with one share for the staff, one that anybody reads, and the one of administrators.
func startFiles(ctx context.Context, h *Hospital) error {
	host := h.Host("files")
	if err := host.accounts(); err != nil {
		return err
	}
	for _, dir := range []string{"ward", "public", "drive", "private", "lock", "state", "cache", "ncalrpc"} {
		if err := os.Mkdir(filepath.Join(host.dir, dir), 0o755); err != nil {
			return err
		}
	}
	for _, dir := range []string{"ward", "drive"} {
		if err := os.Chmod(filepath.Join(host.dir, dir), 0o777); err != nil {
			return err
		}
	}
	if _, err := host.write("public/canteen.txt", "Monday: soup\n"); err != nil {
		return err
	}
	conf, err := host.write("smb.conf", fmt.Sprintf(`[global]
workgroup = HOSPITAL
netbios name = FILES
server role = standalone server
private dir = %[1]s/private
lock directory = %[1]s/lock
state directory = %[1]s/state
cache directory = %[1]s/cache
ncalrpc dir = %[1]s/ncalrpc
pid directory = %[1]s
log file = %[1]s/samba.log
log level = 1 auth_json_audit:3
debug syslog format = yes
vfs objects = full_audit
full_audit:prefix = %%u|%%I|%%m|%%S
full_audit:success = unlinkat renameat mkdirat
full_audit:failure = connect
full_audit:syslog = false
map to guest = Never
disable netbios = yes
smb ports = 445
server min protocol = SMB2
load printers = no
printing = bsd
printcap name = /dev/null
[ward]
path = %[1]s/ward
read only = no
[public]
path = %[1]s/public
[C$]
path = %[1]s/drive
read only = no
`, host.dir))
	if err != nil {
		return err
	}
	for _, a := range []account{nurse, doctor} {
		c := host.Command(ctx, "smbpasswd", "-c", conf, "-s", "-a", a.user)
		c.Stdin = strings.NewReader(a.password + "\n" + a.password + "\n")
		if _, err := output(c); err != nil {
			return err
		}
	}
	// Its log names the machine.
	return host.Start(ctx, []int{445}, "unshare", "--uts", "sh", "-c", "hostname "+host.Name+" && exec smbd --foreground --no-process-group --configfile="+conf)
}

// smb runs smbclient's commands on a share as somebody.
func (h *Host) smb(ctx context.Context, share string, who account, commands ...string) error {
	_, err := h.Run(ctx, "smbclient", smbArgs(share, who, strings.Join(commands, "; "))...)
	return err
}

func smbArgs(share string, who account, commands string) []string {
	return []string{"//files." + Domain + "/" + share, who.password, "-U", "HOSPITAL\\" + who.user, "-c", commands}
}

// shareFiles is a ward's use of the file server: make, write, read, rename, delete; a patient's name stands in a file's.
func shareFiles(ctx context.Context, h *Hospital) error {
	host := h.Host("nurse1")
	p := Patients[5]
	letter := fmt.Sprintf("%s_%s_letter.txt", p.Family, p.MRN)
	if _, err := host.write("letter.txt", strings.Repeat("Dear colleague, the wound heals well.\n", 200)); err != nil {
		return err
	}
	if err := host.smb(ctx, "ward", nurse,
		"mkdir letters", "put letter.txt letters/draft.txt", "rename letters/draft.txt letters/final.txt",
		"get letters/final.txt back.txt", "ls letters/*", "put letter.txt "+letter, "rm letters/final.txt", "rmdir letters",
	); err != nil {
		return err
	}
	return host.smb(ctx, "public", doctor, "get canteen.txt canteen.txt")
}

// sealedShare is a session that the client encrypts (SMB 3).
func sealedShare(ctx context.Context, h *Hospital) error {
	_, err := h.Host("nurse1").Run(ctx, "smbclient", append(smbArgs("public", doctor, "ls"), "--client-protection=encrypt", "-m", "SMB3_11")...)
	return err
}

// wrongShares are a password mistyped and a share that is not there.
func wrongShares(ctx context.Context, h *Hospital) error {
	host := h.Host("nurse1")
	if err := host.Fails(ctx, "smbclient", smbArgs("ward", account{nurse.user, "mistyped"}, "ls")...); err != nil {
		return err
	}
	return host.Fails(ctx, "smbclient", smbArgs("nosuchshare", nurse, "ls")...)
}
