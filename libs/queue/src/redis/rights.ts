/**
 * The commands that BullMQ's scripts and connections consist of, with the arguments that each has to have. A user who
 * lacks one of them can begin to work, and fails in the middle of something.
 */
export const COMMANDS = [
  'bzpopmin KEY 1',
  'client setname name',
  'del KEY',
  'evalsha sha 1 KEY',
  'exec',
  'exists KEY',
  'get KEY',
  'hdel KEY field',
  'hexists KEY field',
  'hget KEY field',
  'hgetall KEY',
  'hincrby KEY field 1',
  'hlen KEY',
  'hmget KEY field',
  'hmset KEY field value',
  'hset KEY field value',
  'incr KEY',
  'lindex KEY 0',
  'llen KEY',
  'lpop KEY',
  'lpos KEY element',
  'lpush KEY element',
  'lrange KEY 0 1',
  'lrem KEY 0 element',
  'lset KEY 0 element',
  'ltrim KEY 0 1',
  'multi',
  'persist KEY',
  'pexpire KEY 1',
  'pttl KEY',
  'rename KEY KEY',
  'rpop KEY',
  'rpoplpush KEY KEY',
  'rpush KEY element',
  'sadd KEY member',
  'scard KEY',
  'set KEY value',
  'sismember KEY member',
  'smembers KEY',
  'srem KEY member',
  'type KEY',
  'xadd KEY * field value',
  'xtrim KEY MAXLEN 1',
  'zadd KEY 0 member',
  'zcard KEY',
  'zcount KEY 0 1',
  'zpopmin KEY',
  'zrange KEY 0 1',
  'zrangebyscore KEY 0 1',
  'zrem KEY member',
  'zremrangebyrank KEY 0 1',
  'zremrangebyscore KEY 0 1',
  'zrevrange KEY 0 1',
  'zrevrangebyscore KEY 1 0',
  'zscore KEY member',
];

/**
 * Names those of the commands that the user may not run, and runs none. Redis tells that since version 7; of an older
 * one nothing is known.
 */
export const LACKING = `
local lacking = {}
if not redis.acl_check_cmd then return lacking end
for _, command in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(command, '%S+') do
    words[#words + 1] = word == 'KEY' and KEYS[1] or word
  end
  if not redis.acl_check_cmd(unpack(words)) then lacking[#lacking + 1] = words[1] end
end
return lacking`;
