package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// startSSH starts OpenSSH on the file server. Its accounts are those of [Host.accounts].
func startSSH(ctx context.Context, h *Hospital) error {
	host := h.Host("files")
	key := filepath.Join(host.dir, "ssh_host_ed25519_key")
	if _, err := host.Run(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key); err != nil {
		return err
	}
	conf, err := host.write("sshd_config", fmt.Sprintf(`Port 22
HostKey %s
PidFile none
UsePAM no
PasswordAuthentication yes
MaxStartups 100
MaxAuthTries 3
`, key))
	if err != nil {
		return err
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd locks up the unauthenticated
		return err
	}
	return host.Start(ctx, []int{22}, "/usr/sbin/sshd", "-D", "-e", "-f", conf)
}

// sshLog is where the file server's OpenSSH writes its log.
func sshLog(h *Hospital) string { return filepath.Join(h.Host("files").dir, "sshd.log") }

func sshArgs(who account, words ...string) []string {
	return append([]string{"-p", who.password, "ssh", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=ERROR",
		who.user + "@files." + Domain}, words...)
}

// remoteShell logs in and looks around.
func remoteShell(ctx context.Context, h *Hospital) error {
	_, err := h.Host("nurse1").Run(ctx, "sshpass", sshArgs(doctor, "uname -a; ls -l /usr/bin | head -200")...)
	return err
}
