// What the page says, in English and Chinese. Names of problems, actions and states are the product's own words and stay as they are.

const english = {
  fleet: 'Fleet', problems: 'Problems', incidents: 'Incidents', budgets: 'Budgets', audit: 'Audit', node: 'Node', nodes: 'Nodes', devices: 'Devices',
  unhealthy: 'unhealthy', connected: 'connected', reconnecting: 'reconnecting', lost: 'lost', unfit: 'unfit for work', healthy: 'healthy',
  fatal: 'fatal', degraded: 'degraded', info: 'info', live: 'Live', broken: 'Connection lost. What is shown is as of', loading: 'Reading …', refused: 'The token was refused',
  token: 'Token', enter: 'Open', tokenHow: 'On the aggregator: aiinfra-aggregator token create --role viewer', leave: 'Leave', by: 'By', nothing: 'No domain',
  notWhole: 'The database could not be read since the aggregator started: only nodes that have connected since are shown.',
  noNodes: 'No node has reported yet.', noNodesHow: 'Give each agent the address in fleet.aggregator, and a join token.', find: 'Find a node', none: 'None.',
  noProblems: 'No problem stands.', noOperations: 'Nothing was done here yet.', noIncidents: 'No incident: no fault has come to several nodes at once.', noAudit: 'Nothing was decided yet.',
  more: 'More', retry: 'Try again', failed: 'This could not be read', since: 'Since', seen: 'seen', evidence: 'Evidence', links: 'Links', timeline: 'Timeline',
  actions: 'Actions', workloads: 'Who works here', facts: 'Facts', notReady: 'Not ready', subject: 'Subject', severity: 'Severity', problem: 'Problem', cause: 'Cause', action: 'Suggested',
  when: 'When', who: 'Who', what: 'What', says: 'Why', state: 'State', outcome: 'Outcome', helped: 'Helped', index: 'Index', model: 'Model', vendor: 'Vendor', resource: 'Resource',
  address: 'PCI address', id: 'Id', job: 'Job', pod: 'Pod', simulated: 'SIMULATED', paused: 'paused', theme: 'Light or dark', kernel: 'Kernel', image: 'Image', agent: 'Agent',
  boot: 'Boot', skew: 'Clock off by', lastHeard: 'Last heard', remediation: 'Remediation', cut: 'Only the first are shown. Narrow it down.', gone: 'There is no node of that name, or it was removed.',
  legendFine: 'fine', legendInfo: 'something noted', keys: 'Arrow keys move, Enter opens.', approve: 'Approve', pause: 'Pause', resume: 'Resume', members: 'Nodes', part: 'Suspected part',
  waiting: 'Waiting for approval', domain: 'Domain', limit: 'At most', unavailable: 'Unavailable now', breaker: 'Breaker', step: 'Step',
  nodesOf: 'nodes', noLink: 'No connection', now: 'Needs attention', allWell: 'Nothing needs a person now.', unhealthyDevices: 'unhealthy devices', fatalProblems: 'fatal problems', degradedProblems: 'degraded', bad: 'bad', every: 'All', findAny: 'Find in node, problem, text',
  wholeName: 'Node (whole name)', message: 'Message', also: 'With it:', letters: 'Notices that could not be delivered', target: 'To', attempts: 'attempts', open: 'open', over: 'over',
  needsOperator: 'Pausing, approving and taking back need a token of the role operator.', noAnswer: 'The aggregator does not answer. This page goes on trying.', notTrusted: 'No grants now:', reason: 'Reason, for the audit',
  howLong: 'How long', untilResumed: 'until resumed', pauseFleet: 'Pause remediation of the fleet', closeBreaker: 'Close the breaker', approved: 'Approved', granted: 'Grants held', lapsed: 'not renewed', held: 'held',
  revoke: 'Take back', domains: 'Domains', budget: 'Budget', nothingAllowed: 'nothing may be disrupted', starts: 'Started lately', inSight: 'Nodes in sight', skip: 'Skip to the content',
};
export type TextKey = keyof typeof english;
const chinese: Record<TextKey, string> = {
  fleet: '集群', problems: '问题', incidents: '事件', budgets: '预算', audit: '审计', node: '节点', nodes: '节点', devices: '设备',
  unhealthy: '不健康', connected: '已连接', reconnecting: '重连中', lost: '失联', unfit: '不可用', healthy: '健康',
  fatal: '致命', degraded: '降级', info: '提示', live: '实时', broken: '连接已断开，显示的数据截至', loading: '正在读取…', refused: '令牌被拒绝',
  token: '令牌', enter: '进入', tokenHow: '在聚合器上执行：aiinfra-aggregator token create --role viewer', leave: '退出', by: '按', nothing: '无所属域',
  notWhole: '聚合器启动后尚未能读取数据库：仅显示启动后已连接的节点。',
  noNodes: '还没有节点上报。', noNodesHow: '在每个代理的 fleet.aggregator 中填写地址，并提供加入令牌。', find: '查找节点', none: '无。',
  noProblems: '当前没有问题。', noOperations: '这里还没有执行过任何操作。', noIncidents: '没有事件：没有故障同时出现在多个节点上。', noAudit: '还没有任何决定。',
  more: '更多', retry: '重试', failed: '无法读取', since: '始于', seen: '出现', evidence: '证据', links: '链路', timeline: '时间线',
  actions: '操作', workloads: '占用者', facts: '信息', notReady: '未就绪', subject: '对象', severity: '严重程度', problem: '问题', cause: '原因', action: '建议操作',
  when: '时间', who: '操作者', what: '内容', says: '原因', state: '状态', outcome: '结果', helped: '是否有效', index: '序号', model: '型号', vendor: '厂商', resource: '资源',
  address: 'PCI 地址', id: '标识', job: '作业', pod: 'Pod', simulated: '模拟', paused: '已暂停', theme: '浅色或深色', kernel: '内核', image: '镜像', agent: '代理',
  boot: '启动', skew: '时钟偏差', lastHeard: '最近上报', remediation: '自愈', cut: '仅显示前面的部分，请缩小范围。', gone: '没有该名称的节点，或已被移除。',
  legendFine: '正常', legendInfo: '有记录', keys: '方向键移动，回车打开。', approve: '批准', pause: '暂停', resume: '恢复', members: '节点', part: '疑似部件',
  waiting: '等待批准', domain: '域', limit: '上限', unavailable: '当前不可用', breaker: '熔断器', step: '步骤',
  nodesOf: '节点', noLink: '无连接', now: '需要关注', allWell: '目前没有需要人工处理的事项。', unhealthyDevices: '不健康设备', fatalProblems: '致命问题', degradedProblems: '降级问题', bad: '异常', every: '全部', findAny: '按节点、问题或文字查找',
  wholeName: '节点（完整名称）', message: '说明', also: '同时出现：', letters: '未能送达的通知', target: '发往', attempts: '次尝试', open: '进行中', over: '已结束',
  needsOperator: '暂停、批准和收回需要 operator 角色的令牌。', noAnswer: '聚合器没有响应，页面会继续重试。', notTrusted: '目前不授予许可：', reason: '原因（写入审计）',
  howLong: '时长', untilResumed: '直到恢复', pauseFleet: '暂停整个集群的自愈', closeBreaker: '复位熔断器', approved: '已批准', granted: '已授予的许可', lapsed: '未续期', held: '持有中',
  revoke: '收回', domains: '域', budget: '预算', nothingAllowed: '不允许任何中断', starts: '近期开始', inSight: '可见节点', skip: '跳到内容',
};

const key = 'aiinfra.language';
export const language = {
  get: (): 'en' | 'zh' => (localStorage.getItem(key) ?? navigator.language).startsWith('zh') ? 'zh' : 'en',
  set: (value: 'en' | 'zh') => localStorage.setItem(key, value),
};

export const t = (name: TextKey): string => (language.get() === 'zh' ? chinese : english)[name];

const locale = () => (language.get() === 'zh' ? 'zh-CN' : 'en-GB');

/** A moment, in this browser's zone; the full one in UTC is for titles. */
export const moment = (text: string | null): string => text === null ? '' : new Intl.DateTimeFormat(locale(), { dateStyle: 'short', timeStyle: 'medium' }).format(new Date(text));

/** "3 min ago". */
export function ago(text: string): string {
  const seconds = (new Date(text).getTime() - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' });
  for (const [unit, size] of [['day', 86_400], ['hour', 3_600], ['minute', 60]] as const)
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  return format.format(Math.round(seconds), 'second');
}

export const count = (value: number): string => new Intl.NumberFormat(locale()).format(value);
