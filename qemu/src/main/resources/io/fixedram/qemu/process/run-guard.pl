# SPDX-License-Identifier: Apache-2.0
# Acts on a QEMU whose owner has died in the middle of its work. Arguments: the path of the socket
# where QEMU listens for QMP, QEMU's process number, and what to do: "cont" lets a guest run on that
# was stopped for a save, "quit" ends a QEMU that waits with a part of a guest in its memory.
# Standard input is a pipe from the owner: the line "done" ends this program, an end without it means
# that the owner is dead or has given up. Only what Debian's perl-base has is used.
use strict;
use warnings;
use Errno qw(ECONNREFUSED ENOENT);
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM SOL_SOCKET SO_PEERCRED);

my ($path, $qemu, $wish) = @ARGV;

# Signals to the owner's terminal or process group must not end this process.
POSIX::setsid();
$SIG{$_} = 'IGNORE' for qw(INT HUP TERM PIPE);

$| = 1;
print "ready\n";
my $word = <STDIN>;
exit 0 if defined $word && $word eq "done\n";

# QEMU may take long to answer while it waits for a slow disk.
my $until = time + 120;
while (time < $until) {
  my $done = eval { act() };
  alarm 0;
  exit 0 if $done;
  select undef, undef, undef, 0.02;
}
exit 1;

# True once QEMU was told what to do, or is in a state that the owner has not brought it to, or is
# gone. QEMU serves one client at a time, and the owner's connection may not be closed yet.
sub act {
  local $SIG{ALRM} = sub { die "QEMU does not answer\n" };
  alarm 5;
  my $qmp = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path);
  return $! == ECONNREFUSED || $! == ENOENT unless $qmp;
  my ($pid) = unpack 'l', getsockopt($qmp, SOL_SOCKET, SO_PEERCRED);
  return 1 if $pid != $qemu;
  read_line($qmp);
  execute($qmp, 'qmp_capabilities');
  my ($status) = execute($qmp, 'query-status') =~ /"status":\s*"([\w-]+)"/ or die "no status\n";
  if ($wish eq 'cont') {
    execute($qmp, 'cont') if $status eq 'paused';
  } elsif ($status eq 'inmigrate') {
    my ($load) = execute($qmp, 'query-migrate') =~ /"status":\s*"([\w-]+)"/;
    # The owner may have sent all of the guest before it died.
    die "QEMU loads\n" if defined $load && $load !~ /^(?:none|setup|failed)$/;
    execute($qmp, 'quit');
  }
  return 1;
}

sub execute {
  my ($qmp, $command) = @_;
  syswrite($qmp, qq({"execute": "$command"}\n));
  while (1) {
    my $line = read_line($qmp);
    return $line if $line =~ /"return"/;
    die "refused\n" if $line =~ /"error"/ && $line !~ /"event"/;
  }
}

sub read_line {
  my ($qmp) = @_;
  my $line = '';
  while (length $line < 1 << 20) {
    my $next = getc $qmp;
    die "QEMU is gone\n" unless defined $next;
    $line .= $next;
    return $line if $next eq "\n";
  }
  die "a line without an end\n";
}
