import type { ProofFacts, ProofFault, ProofReport, Verdict } from './verify-proof.js';

export type Language = 'en' | 'zh';

/** Of `npm run verify-proof`. 2 says that it could not look. */
export const exitCodeOf = (verdict: Verdict): number => ({ signed: 0, refused: 1, chain_only: 3 })[verdict];

/** A report for people who need not know what a hash is: a heading, then sentences. */
export function tellProof(report: ProofReport, language: Language): { heading: string; sentences: string[] } {
  return language === 'zh' ? inChinese(report) : inEnglish(report);
}

type Words = Record<ProofFault, string>;

/** `#` is the number of the line, `%` the last hash. */
const FAULTS: Record<Language, Words> = {
  en: {
    empty: 'line # is missing: the file is empty',
    cut_off: 'line # is missing: the file was cut off',
    behind_end: 'line # stands behind the end',
    misplaced: 'line # is not where it belongs',
    out_of_order: 'line # does not follow the one before it',
    changed: 'line # was changed',
    miscounted: 'line # counts other deletions',
    not_json: 'line # is not JSON: the file was cut off or changed',
    not_csv: 'line # is not CSV: the file was cut off or changed',
    other_columns: 'line # does not name the columns of a proof',
    other_version: 'line # names a version that this check does not know: take a newer one',
    respelled: 'line # was written anew by another program (line ends or a byte order mark): take the file as it came',
    other_export: 'whole, but not the export that was noted: its last hash is %',
    signature_missing: 'line # is missing: the signature at the end was cut off',
    signature_changed: 'line #, the signature, was changed',
    signature_of_another: 'line #, the signature, is that of another export',
    signature_wrong: 'line #, the signature, was not made with the key that it names',
    key_unknown: 'line # is signed with a key that the key file does not have: another issuer, or an old key file',
    key_misnamed: 'line # is signed with a key that the key file has under a name which is not its fingerprint',
    key_revoked: 'line # is signed with a key that its owner has revoked: ask for a new export',
    key_retired: 'line # says that it was signed after its key was retired',
  },
  zh: {
    empty: '缺少第 # 行：文件是空的',
    cut_off: '缺少第 # 行：文件被截断',
    behind_end: '第 # 行位于文件结尾之后',
    misplaced: '第 # 行的位置不对',
    out_of_order: '第 # 行与上一行不衔接',
    changed: '第 # 行被改动过',
    miscounted: '第 # 行所记的条数与文件不符',
    not_json: '第 # 行不是 JSON：文件被截断或改动过',
    not_csv: '第 # 行不是 CSV：文件被截断或改动过',
    other_columns: '第 # 行不是撤回证明的表头',
    other_version: '第 # 行的版本本工具不认识：请使用较新的工具',
    respelled: '第 # 行被其他程序重新保存过（换行符或字节顺序标记）：请使用原始文件',
    other_export: '文件完整，但不是当时登记的那一次导出：其最后的哈希值是 %',
    signature_missing: '缺少第 # 行：结尾的签名被截去',
    signature_changed: '第 # 行（签名）被改动过',
    signature_of_another: '第 # 行（签名）属于另一次导出',
    signature_wrong: '第 # 行（签名）不是用它所指的密钥作出的',
    key_unknown: '第 # 行所用的密钥不在密钥文件中：出具方不同，或密钥文件太旧',
    key_misnamed: '第 # 行所用的密钥在密钥文件中的名称与其指纹不符',
    key_revoked: '第 # 行所用的密钥已被其所有者吊销：请重新导出',
    key_retired: '第 # 行所称的签名时间晚于其密钥的停用时间',
  },
};

function faultOf({ code, line, proof }: ProofReport, language: Language): string {
  return FAULTS[language][code as ProofFault].replace('#', String(line)).replace('%', proof?.lastHash ?? '');
}

/** A period has both its moments for a name. */
function periodOf({ subject, id }: ProofFacts): { from: string; to: string } | undefined {
  const [from = '', to = ''] = id.split('/');
  return subject === 'period' ? { from, to } : undefined;
}

function aboutInEnglish(proof: ProofFacts): string[] {
  const { count, subject, id, exportedAt, only } = proof;
  const period = periodOf(proof);
  const of = period ? `what ended from ${period.from} on and before ${period.to}` : `the ${subject} ${id}`;
  return [
    `The file tells of ${count} deletion${count === 1 ? '' : 's'}, as the export of ${of}, made at ${exportedAt}.`,
    ...(only ? [`It leaves out what was not of ${only.join(', ')}.`] : []),
  ];
}

function inEnglish(report: ProofReport) {
  const { verdict, code, proof, signature } = report;
  const about = proof && aboutInEnglish(proof);
  const shows =
    'It shows what this service did and what WeChat answered. It does not show that nobody saw the article, and nothing of copies ' +
    'elsewhere.';
  if (verdict === 'signed') {
    return {
      heading: 'The file is as it was issued.',
      sentences: [
        ...(about ?? []),
        'No line was changed, left out, moved or added.',
        `It was signed for ${signature?.issuer} at ${signature?.signedAt}, with the key ${signature?.kid}.`,
        ...(signature?.retiredAt
          ? [`That key was replaced at ${signature.retiredAt}; what it signed before that is good.`]
          : []),
        'Whose key it is, the key file says: it must come from the issuer itself, or the name of the key must be known from there.',
        shows,
      ],
    };
  }
  if (verdict === 'chain_only') {
    const whyNot = {
      no_keys: 'The signature was not checked, for no key file was given.',
      unsigned: 'The file has no signature: exports of older releases have none.',
      no_ed25519: 'The signature was not checked: this program does not know Ed25519. Take a newer one.',
    };
    return {
      heading: 'Only the chain was checked: the lines fit together, but nothing shows who wrote them.',
      sentences: [
        ...(about ?? []),
        whyNot[code as keyof typeof whyNot],
        'Somebody who writes all lines anew can make a chain that fits as well.',
        `The last hash is ${proof?.lastHash}. The issuer can compare it with the one that its audit log has of this export.`,
      ],
    };
  }
  const fault = faultOf(report, 'en');
  return {
    heading: 'Do not rely on this file.',
    sentences: [
      `${fault.charAt(0).toUpperCase()}${fault.slice(1)}.`,
      'It is not, to the letter, what the service issued. Programs that open and save a file change it too: check it as it came, or ' +
        'ask for a new export.',
    ],
  };
}

function aboutInChinese(proof: ProofFacts): string[] {
  const { count, subject, id, exportedAt, only } = proof;
  const period = periodOf(proof);
  const of = period
    ? `自 ${period.from} 起、${period.to} 之前结束的撤回`
    : `${subject === 'takedown' ? '撤回任务' : '单条撤回'} ${id}`;
  return [
    `文件记载了 ${count} 条撤回记录，是${of} 于 ${exportedAt} 的导出。`,
    ...(only ? [`其中只包含属于 ${only.join('、')} 的记录。`] : []),
  ];
}

function inChinese(report: ProofReport) {
  const { verdict, code, proof, signature } = report;
  const about = proof && aboutInChinese(proof);
  if (verdict === 'signed') {
    return {
      heading: '文件与出具时一致。',
      sentences: [
        ...(about ?? []),
        '没有任何一行被改动、删去、移位或添加。',
        `签名方：${signature?.issuer}；签名时间：${signature?.signedAt}；密钥：${signature?.kid}。`,
        ...(signature?.retiredAt ? [`该密钥已于 ${signature.retiredAt} 更换；此前所作的签名仍然有效。`] : []),
        '密钥属于谁，由密钥文件说明：密钥文件必须直接来自出具方，或者其密钥名称已由出具方告知。',
        '证明说明本服务做了什么、微信如何答复；不说明没有人看过该文章，也不涉及别处的副本。',
      ],
    };
  }
  if (verdict === 'chain_only') {
    const whyNot = {
      no_keys: '没有提供密钥文件，因此未检查签名。',
      unsigned: '文件没有签名：旧版本的导出不带签名。',
      no_ed25519: '未检查签名：本程序不支持 Ed25519，请使用较新的版本。',
    };
    return {
      heading: '只检查了哈希链：各行前后衔接，但不能说明由谁写成。',
      sentences: [
        ...(about ?? []),
        whyNot[code as keyof typeof whyNot],
        '如果有人把所有行全部重写，也能得到衔接的哈希链。',
        `最后的哈希值是 ${proof?.lastHash}，出具方可以与其审计日志中对这次导出的记录核对。`,
      ],
    };
  }
  return {
    heading: '请勿采信此文件。',
    sentences: [
      `${faultOf(report, 'zh')}。`,
      '它与服务所出具的内容并非逐字一致。用其他程序打开并保存也会改动文件：请检查原始文件，或重新导出。',
    ],
  };
}

/** In one line, for programs and those who read them. */
export function summaryOf(report: ProofReport): string {
  const { verdict, proof } = report;
  if (verdict === 'refused') return `not ok: ${faultOf(report, 'en')}`;
  const what = `${proof?.count} deletion${proof?.count === 1 ? '' : 's'}, last hash ${proof?.lastHash}`;
  return `${verdict === 'signed' ? 'ok' : 'chain only'}: ${what}`;
}
